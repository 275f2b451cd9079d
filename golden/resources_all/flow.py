from metaflow import FlowSpec, resources, step


class ResourcesAllFlow(FlowSpec):
    """Everything that @resources can ask for; a local run ignores it."""

    @resources(cpu=0.5)
    @step
    def start(self):
        self.images = [[1, 2], [3, 4]]
        self.next(self.train)

    @resources(cpu=8, gpu=1, memory="32000", disk=20480, shared_memory=2048)
    @step
    def train(self):
        self.sums = [sum(image) for image in self.images]
        self.next(self.pack)

    @resources(memory=500, disk="10240")
    @step
    def pack(self):
        self.packed = tuple(self.sums)
        self.next(self.end)

    @resources
    @step
    def end(self):
        print(self.packed)


if __name__ == "__main__":
    ResourcesAllFlow()
