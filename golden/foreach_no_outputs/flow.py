from pathlib import Path

from metaflow import FlowSpec, step

FOLDER = Path("foreach_no_outputs.pages")


class ForeachNoOutputsFlow(FlowSpec):
    """Each task writes a page, and leaves no artifact."""

    @step
    def start(self):
        FOLDER.mkdir(exist_ok=True)
        self.titles = ["home", "about"]
        self.next(self.render, foreach="titles")

    @step
    def render(self):
        (FOLDER / f"{self.input}.html").write_text(f"<h1>{self.input.title()}</h1>")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.next(self.end)

    @step
    def end(self):
        self.pages = {page.name: page.read_text() for page in sorted(FOLDER.glob("*.html"))}
        for page in FOLDER.glob("*.html"):
            page.unlink()
        FOLDER.rmdir()
        print(self.pages)


if __name__ == "__main__":
    ForeachNoOutputsFlow()
