from metaflow import FlowSpec, Parameter, kubernetes, resources, step

IMAGE = "registry.example.com/ml/train:2.4"


class KubernetesTrainFlow(FlowSpec):
    """What a task can ask for by itself: the module needs no pod."""

    epochs = Parameter("epochs", default=3)

    @kubernetes
    @step
    def start(self):
        self.samples = [0.5, 1.5, 2.0, 4.0]
        self.next(self.train)

    @kubernetes(
        cpu=4,
        memory=16000,
        gpu=1,
        image=IMAGE,
        qos="Guaranteed",
        shared_memory=2048,
        labels={"team": "vision", "cost-center": "4711"},
        annotations={"owner": "Ada Lovelace <ada@example.com>"},
    )
    @step
    def train(self):
        self.losses = [sum(self.samples) / (epoch + 1) for epoch in range(self.epochs)]
        self.next(self.evaluate)

    # the more of both, but GPUs as @resources has them
    @resources(cpu=2, memory=2000, gpu=0)
    @kubernetes(cpu=1, memory="8000", disk=20480, gpu=1, namespace="ml-jobs")
    @step
    def evaluate(self):
        self.best = min(self.losses)
        self.next(self.end)

    @kubernetes(cpu=0.5, memory=500, hostname_resolution_timeout=60, executable="python3.11")
    @step
    def end(self):
        print(f"{self.best:.2f}")


if __name__ == "__main__":
    KubernetesTrainFlow()
