import os

from metaflow import FlowSpec, environment, kubernetes, step


class KubernetesPodsFlow(FlowSpec):
    """What only the pod of a task can say."""

    @kubernetes(
        service_account="loader",
        secrets=["warehouse", "object-store"],
        image_pull_secrets=["regcred"],
        image_pull_policy="IfNotPresent",
        persistent_volume_claims={"raw-data": "/data/raw", "scratch": "/scratch"},
    )
    @environment(vars={"STAGE": "test"})
    @step
    def start(self):
        self.stage = os.environ.get("STAGE", "none")
        self.rows = [(n, n * n) for n in range(5)]
        self.next(self.train)

    @kubernetes(
        gpu=2,
        node_selector={"pool": "gpu", "zone": "a"},
        tolerations=[
            {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"},
            {"key": "spot", "operator": "Equal", "value": "true", "toleration_seconds": 60, "effect": "NoExecute"},
        ],
        use_tmpfs=True,
        port=8080,
        security_context={"run_as_user": 1000, "run_as_non_root": True},
    )
    @step
    def train(self):
        self.slope = sum(y for _, y in self.rows) / sum(x for x, _ in self.rows)
        self.next(self.evaluate)

    @kubernetes(tmpfs_size=512, tmpfs_path="/fast", tmpfs_tempdir=False)
    @step
    def evaluate(self):
        self.errors = [y - self.slope * x for x, y in self.rows]
        self.next(self.end)

    @kubernetes(compute_pool="batch", node_selector="disk=ssd")
    @step
    def end(self):
        print(self.stage, max(self.errors))


if __name__ == "__main__":
    KubernetesPodsFlow()
