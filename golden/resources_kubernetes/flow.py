from metaflow import FlowSpec, batch, kubernetes, resources, step


class ResourcesKubernetesFlow(FlowSpec):
    """@resources beside what decides where a step runs."""

    @resources(cpu=0.5, memory=1000, disk=20000)
    @kubernetes
    @step
    def start(self):
        self.total = 0
        self.next(self.on_kubernetes)

    @kubernetes(cpu=2, memory=1000, disk=5000, shared_memory=64)
    @resources(cpu="1.5", memory="6000", gpu=2, shared_memory=128)
    @step
    def on_kubernetes(self):
        self.total += 1
        self.next(self.on_batch)

    @batch(cpu=2, gpu=1)
    @resources(memory=1000, disk=5000, gpu=0)
    @step
    def on_batch(self):
        self.total += 10
        self.next(self.anywhere)

    @resources(memory=1000)
    @step
    def anywhere(self):
        self.total += 100
        self.next(self.end)

    @batch
    @step
    def end(self):
        print(self.total)


if __name__ == "__main__":
    ResourcesKubernetesFlow()
