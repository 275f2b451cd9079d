from metaflow import FlowSpec, Parameter, step


class SwitchToEndFlow(FlowSpec):
    """Nothing to do if nothing changed."""

    changed = Parameter("changed", help="Whether there are new data", default=False)

    @step
    def start(self):
        self.model = {"version": 3}
        self.next({True: self.train, False: self.end}, condition="changed")

    @step
    def train(self):
        self.model["version"] += 1
        self.next(self.publish)

    @step
    def publish(self):
        self.published = f"model-{self.model['version']}"
        self.next(self.end)

    @step
    def end(self):
        print(self.model, getattr(self, "published", "as before"))


if __name__ == "__main__":
    SwitchToEndFlow()
