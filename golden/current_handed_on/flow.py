from metaflow import FlowSpec, current, project, step


def summary(context, names):
    """What a monitoring service would be told."""
    return {name: context.get(name, "nothing") for name in names if name in context}


class Tracker:
    def __init__(self, context=current):
        self.context = context

    def step(self):
        return self.context.step_name


tracker = Tracker()


@project(name="monitoring", branch="main")
class CurrentHandedOnFlow(FlowSpec):
    @step
    def start(self):
        self.summary = summary(current, ["flow_name", "step_name", "origin_run_id", "project_name"])
        self.event = current.get("trigger")
        self.card = "card" in current
        self.step_name = getattr(current, "step_name")
        self.other = getattr(current, "no_such_thing", None)
        self.has = [hasattr(current, name) for name in ("run_id", "branch_name", "nonsense")]
        self.next(self.end)

    @step
    def end(self):
        self.tracked = tracker.step()
        try:
            print(current.trigger.event.name)
        except AttributeError as error:
            self.error = str(error)


if __name__ == "__main__":
    CurrentHandedOnFlow()
