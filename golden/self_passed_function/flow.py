from metaflow import FlowSpec, Parameter, step


def load(flow, n):
    flow.readings = [x * flow.factor for x in range(n)]
    flow.loaded = True
    return n


def mean(values):
    return sum(values) / len(values)


def summarise(flow, name="summary"):
    """Writes one artifact by name, and the other only if there is anything to warn of."""
    average = mean(flow.readings)
    setattr(flow, name, {"mean": average, "max": max(flow.readings)})
    if average > flow.ceiling:
        flow.warning = f"{average} is above {flow.ceiling}"
    log(flow, "summarised")


def log(target, text):
    target.history.append(text)


class SensorFlow(FlowSpec):
    """The work is done by functions of the module, which are given the flow."""

    factor = Parameter("factor", default=2)

    @step
    def start(self):
        self.history = []
        self.ceiling = 5
        self.loaded_rows = load(self, 6)
        self.next(self.review)

    @step
    def review(self):
        summarise(self)
        worker = self
        worker.alias = "set through a local"
        log(target=worker, text="reviewed")
        self.next(self.end)

    @step
    def end(self):
        summarise(self, name="final")
        self.warned = getattr(self, "warning", None)
        print(self.readings, self.summary, self.final, self.history, self.warned, self.loaded)


if __name__ == "__main__":
    SensorFlow()
