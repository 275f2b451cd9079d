from metaflow import FlowSpec, Parameter, exit_hook, step


def announce():
    print("the report is there")


def page():
    print("somebody has to look at the report")


@exit_hook(on_success=[announce], on_error=[page])
class ExitHookBothFlow(FlowSpec):
    """Writes a report."""

    pages = Parameter("pages", default=3)

    @step
    def start(self):
        if self.pages < 1:
            raise ValueError("a report has pages")
        self.text = [f"page {number}" for number in range(self.pages)]
        self.next(self.end)

    @step
    def end(self):
        self.length = len(self.text)
        print(self.length)


if __name__ == "__main__":
    ExitHookBothFlow()
