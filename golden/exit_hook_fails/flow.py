import sys

from metaflow import FlowSpec, exit_hook, step


def broken():
    raise ConnectionError("nobody listens")


def leaves():
    sys.exit("no more")


def needs(channel):
    print("to", channel)


def last():
    print("the last hook")


@exit_hook(on_success=[broken, leaves, needs, "missing", last])
class ExitHookFailsFlow(FlowSpec):
    """The run does not fail with its hooks."""

    @step
    def start(self):
        self.total = 12
        self.next(self.end)

    @step
    def end(self):
        print(self.total)


if __name__ == "__main__":
    ExitHookFailsFlow()
