from metaflow import FlowSpec, batch, step


class BatchDevicesFlow(FlowSpec):
    """Devices and folders of the machine."""

    @batch(trainium=4, efa=1, cpu=32, memory=120000)
    @step
    def start(self):
        self.pages = ["one page", "and another page"]
        self.next(self.count)

    @batch(host_volumes=["/var/cache/models:/models", "/data"], use_tmpfs=True, memory=10001)
    @step
    def count(self):
        self.words = sorted({word for page in self.pages for word in page.split()})
        self.next(self.end)

    @batch(privileged=True, host_volumes="/data", tmpfs_size="64", tmpfs_path="/fast")
    @step
    def end(self):
        print(self.words)


if __name__ == "__main__":
    BatchDevicesFlow()
