import sys

from metaflow import FlowSpec, step


def banner(text):
    return f"=== {text} ==="


class MainGuardFlow(FlowSpec):
    """The guard does more than call the flow."""

    @step
    def start(self):
        self.title = banner("start")
        self.next(self.end)

    @step
    def end(self):
        print(self.title)


if __name__ == "__main__":
    # the guard runs in the launcher and in every task
    print(banner("running"), "with", len(sys.argv) - 1, "arguments", file=sys.stderr)
    if len(sys.argv) == 1:
        # a friendlier default than Metaflow's help
        sys.argv.append("show")
    flow = MainGuardFlow
    flow()
