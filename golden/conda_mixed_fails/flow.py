from metaflow import FlowSpec, conda, pypi_base, step


@pypi_base(packages={"numpy": "2.1.3"})
class CondaMixedFailsFlow(FlowSpec):
    @conda(packages={"pandas": "2.2.3"}, python="3.11.9")
    @step
    def start(self):
        print("Metaflow refuses packages of both kinds")
        self.next(self.old)

    @conda(python="3.8.20")
    @step
    def old(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    CondaMixedFailsFlow()
