from metaflow import FlowSpec, Parameter, step


class NotifyingFlow(FlowSpec):
    """Ends with a message."""

    channel = Parameter("channel", default="mail")

    def message(self):
        return f"{self.n} rows"

    @step
    def start(self):
        self.n = 3
        self.next(self.end)

    @step
    def end(self):
        self.sent = f"{self.channel}: {self.message()}"
        self.endings = [*getattr(self, "endings", []), "base"]
        return self.sent


class ArchivingFlow(NotifyingFlow):
    """Archives before and after the base has sent its message."""

    def message(self):
        return super().message() + " archived"

    @step
    def start(self):
        self.n = 5
        self.next(self.archive)

    @step
    def archive(self):
        self.archived = [f"row-{n}" for n in range(self.n)]
        self.next(self.end)

    @step
    def end(self):
        self.endings = ["child before"]
        self.returned = super().end()
        self.endings.append("child after")
        self.size = len(self.archived) + len(self.sent)
        print(self.endings, self.sent, self.size)


if __name__ == "__main__":
    ArchivingFlow()
