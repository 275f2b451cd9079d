from metaflow import *
from metaflow.cards import *


class StarImportFlow(FlowSpec):
    """Takes what it needs, and more, from one import."""

    graph = Parameter("graph", default="small")

    @card(type="blank")
    @step
    def start(self):
        package = [step_name for step_name in (current.step_name, "end")]
        current.card.append(Markdown(f"# {self.graph}"))
        self.names = package
        self.home = os.path.join("a", "b")
        self.next(self.end)

    @step
    def end(self):
        debug = len(self.names)
        self.count = debug


if __name__ == "__main__":
    StarImportFlow()
