import os

from metaflow import FlowSpec, JSONType, Parameter, current, retry, step


class CurrentAttributesFlow(FlowSpec):
    """What a report says about the run that made it."""

    alpha = Parameter("alpha", default=0.5)
    regions = Parameter("regions", type=JSONType, default='["eu", "us"]')

    @step
    def start(self):
        self.title = f"{current.flow_name}, step {current.step_name}"
        self.folder = os.path.join("reports", current.flow_name, current.step_name)
        self.settings = {name: getattr(self, name) for name in current.parameter_names}
        self.resumed = current.origin_run_id is not None
        print(f"{current.step_name=} in {current.flow_name:>25}")
        self.next(self.collect, foreach="regions")

    @retry(times=1, minutes_between_retries=0)
    @step
    def collect(self):
        if current.retry_count == 0:
            raise RuntimeError(f"the first attempt at {current.task_id} fails")
        self.owner = current.pathspec.rsplit("/", 1)[0] + f"/{self.input}"
        self.owner = self.owner.replace(current.run_id, "RUN")
        self.own = current.task.id == current.pathspec.split("/")[-1]
        self.label = f"{current.step_name}-{current.retry_count}-{self.input}"
        self.next(self.join)

    @step
    def join(self, inputs):
        self.labels = [inp.label for inp in inputs]
        self.owners = [inp.owner for inp in inputs]
        self.own = all(inp.own for inp in inputs)
        paths = [current.pathspec, current.run.pathspec]
        self.same_run = all(current.run.id in path for path in paths)
        self.merge_artifacts(inputs, exclude=["owner", "own", "label"])
        self.next(self.end)

    @step
    def end(self):
        shown = [lambda: current.step_name, lambda: isinstance(current.run_id, str)]
        self.shown = [show() for show in shown]
        self.facts = {
            "running": current.is_running_flow,
            "names": [current.flow_name for _ in range(2)],
            "user": current.namespace == "user:" + current.username,
            "tags": sorted(current.tags),
            "temporary": current.tempdir,
        }
        print(self.title, self.settings, self.facts)


if __name__ == "__main__":
    CurrentAttributesFlow()
