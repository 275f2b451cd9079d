from metaflow import FlowSpec, kubernetes, resources, step


class KubernetesExtendedFlow(FlowSpec):
    """Devices that Flyte's own resources do not know: all amounts stand in the pod."""

    @kubernetes(cpu=8, memory=64000, gpu=2, gpu_vendor="AMD")
    @step
    def start(self):
        self.scores = {"a": 0.25, "b": 0.75}
        self.next(self.encode)

    @resources(cpu=4, shared_memory=512)
    @kubernetes(gpu=1, extended_resources={"example.com/fpga": 2, "example.com/codec": "1"}, qos="guaranteed")
    @step
    def encode(self):
        self.best = max(self.scores, key=self.scores.get)
        self.next(self.end)

    # no GPUs, so the vendor does not matter
    @kubernetes(gpu_vendor="amd")
    @step
    def end(self):
        print(self.best)


if __name__ == "__main__":
    KubernetesExtendedFlow()
