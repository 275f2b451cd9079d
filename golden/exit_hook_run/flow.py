from metaflow import FlowSpec, exit_hook, step


def link(run):
    """Where people can look at the run."""
    return f"https://runs.example.com/{run.pathspec}"


def announce(run):
    print("done:", link(run))


@exit_hook(on_success=[announce], on_error=["page"], options={"image": "team/hooks:1"})
class ExitHookRunFlow(FlowSpec):
    """Its hooks want the run, which only Metaflow's client knows."""

    @step
    def start(self):
        self.total = 3
        self.next(self.end)

    @step
    def end(self):
        print(self.total)


if __name__ == "__main__":
    ExitHookRunFlow()
