from metaflow import FlowSpec, exit_hook, step


def clean_up():
    print("scratch files are gone")


@exit_hook(on_success=[clean_up], on_error=[clean_up])
class ExitHookFanOutFlow(FlowSpec):
    """The hook comes after everything, and the last step leaves no results."""

    @step
    def start(self):
        self.parts = ["a", "b", "c"]
        self.next(self.load, foreach="parts")

    @step
    def load(self):
        print("loading", self.input)
        self.next(self.join)

    @step
    def join(self, inputs):
        print(len(list(inputs)), "parts")
        self.next(self.end)

    @step
    def end(self):
        print("done")


if __name__ == "__main__":
    ExitHookFanOutFlow()
