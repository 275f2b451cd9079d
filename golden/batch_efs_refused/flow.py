from metaflow import FlowSpec, batch, kubernetes, step


class BatchEfsRefusedFlow(FlowSpec):
    """No pod finds a file system by its id, and Metaflow knows two vendors of GPUs."""

    @batch(efs_volumes=["fs-0123456789abcdef0:/datasets"])
    @step
    def start(self):
        self.names = ["a", "b"]
        self.next(self.end)

    @kubernetes(gpu_vendor="intel")
    @step
    def end(self):
        print(self.names)


if __name__ == "__main__":
    BatchEfsRefusedFlow()
