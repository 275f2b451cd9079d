from metaflow import Flow, FlowSpec, Runner, S3, current, get_namespace, namespace, step
from metaflow.exception import MetaflowNotFound
from metaflow.integrations import ArgoEvent

namespace(None)


def latest(name):
    try:
        return Flow(name).latest_successful_run.data.model
    except MetaflowNotFound:
        return None


class RefusedFlow(FlowSpec):
    """Uses what only Metaflow has."""

    @step
    def start(self):
        from metaflow import metadata
        from metaflow.metaflow_config import DATASTORE_SYSROOT_S3

        self.model = latest("FitFlow")
        self.space = get_namespace()
        self.store = metadata("local"), DATASTORE_SYSROOT_S3
        current.run.add_tag("started")
        self.steps = list(current.graph["steps"])
        self.next(self.end)

    @step
    def end(self):
        with S3(run=self) as s3:
            s3.put("model", self.model, metadata={"by": current.username})
        Runner("other_flow.py").run()
        ArgoEvent("done").publish()
        self.found = getattr(current, "task")


if __name__ == "__main__":
    RefusedFlow()
