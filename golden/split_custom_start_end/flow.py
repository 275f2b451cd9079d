from metaflow import FlowSpec, retry, step


class SplitCustomStartEndFlow(FlowSpec):
    """The first step of this flow splits, and neither it nor the last has the usual name."""

    @retry(times=1)
    @step(start=True)
    def load(self):
        self.temperatures = {"mon": 12.5, "tue": 14.0, "wed": 9.0}
        self.next(self.coldest, self.warmest)

    @step
    def coldest(self):
        self.day = min(self.temperatures, key=self.temperatures.get)
        self.next(self.compare)

    @step
    def warmest(self):
        self.day = max(self.temperatures, key=self.temperatures.get)
        self.next(self.compare)

    @step
    def compare(self, inputs):
        cold, warm = inputs.coldest, inputs.warmest
        self.days = (cold.day, warm.day)
        self.range = warm.temperatures[warm.day] - cold.temperatures[cold.day]
        self.next(self.publish)

    @step(end=True)
    def publish(self):
        print(f"from {self.days[0]} to {self.days[1]}: {self.range} degrees")


if __name__ == "__main__":
    SplitCustomStartEndFlow()
