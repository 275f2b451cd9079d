from metaflow import FlowSpec, step


class CustomNamesFlow(FlowSpec):
    """Entry and terminal steps with names of their own."""

    @step(start=True)
    def load(self):
        self.temperatures = [12.5, 14.0, 9.5, 17.25]
        self.next(self.convert)

    @step
    def convert(self):
        self.fahrenheit = [t * 9 / 5 + 32 for t in self.temperatures]
        self.next(self.publish)

    @step(end=True)
    def publish(self):
        self.message = "max {:.2f} F, min {:.2f} F".format(max(self.fahrenheit), min(self.fahrenheit))
        print(self.message)


if __name__ == "__main__":
    CustomNamesFlow()
