from metaflow import FlowSpec, Parameter, step


class Recorder:
    """Writes what it is told into artifacts of the flow that it was made for."""

    def __init__(self, flow, field="events"):
        self.flow = flow
        self.field = field
        if not hasattr(flow, field):
            setattr(flow, field, [])

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.add("closed")

    def add(self, text):
        getattr(self.flow, self.field).append(text)
        self.flow.recorded = getattr(self.flow, "recorded", 0) + 1


class Scaler:
    def __init__(self, owner):
        self._owner = owner

    def fit(self):
        self._owner.low, self._owner.high = min(self._owner.rows), max(self._owner.rows)
        return self

    def transform(self):
        span = self._owner.high - self._owner.low
        return [(row - self._owner.low) / span for row in self._owner.rows]


class ScalingFlow(FlowSpec):
    """Objects that work on the flow itself."""

    top = Parameter("top", default=10)

    @step
    def start(self):
        self.rows = [2, 6, self.top]
        Recorder(self).add(f"{len(self.rows)} rows")
        self.next(self.scale)

    @step
    def scale(self):
        self.scaled = Scaler(self).fit().transform()
        with Recorder(self) as recorder:
            recorder.add("scaled")
        self.next(self.end)

    @step
    def end(self):
        Recorder(self, field="last_events").add("ended")
        self.bounds = (self.low, self.high)
        print(self.events, self.last_events, self.recorded, self.scaled, self.bounds)


if __name__ == "__main__":
    ScalingFlow()
