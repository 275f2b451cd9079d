from metaflow import FlowSpec, Parameter, step


class SwitchParameterFlow(FlowSpec):
    """A parameter decides; a value without a case fails the step that asks."""

    mode = Parameter("mode", help="full or incremental", default="incremental")

    @step
    def start(self):
        self.stored = {"mon": 3, "tue": 4}
        self.next({"full": self.rebuild, "incremental": self.append}, condition="mode")

    @step
    def rebuild(self):
        self.stored = {day: count + 1 for day, count in self.stored.items()}
        self.rebuilt = True
        self.next(self.check)

    @step
    def append(self):
        self.stored["wed"] = 5
        self.next(self.check)

    @step
    def check(self):
        self.total = sum(self.stored.values())
        self.next(self.end)

    @step
    def end(self):
        print(self.mode, self.stored, self.total)


if __name__ == "__main__":
    SwitchParameterFlow()
