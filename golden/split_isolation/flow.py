from metaflow import FlowSpec, step


class SplitIsolationFlow(FlowSpec):
    """Each branch changes the same list in place, and none sees what the others do."""

    @step
    def start(self):
        self.readings = [20.5, None, 21.0, 85.0]
        self.log = ["load"]
        self.meta = {"sensor": "t1", "unit": "C"}
        self.next(self.drop, self.fill, self.look)

    @step
    def drop(self):
        self.readings.remove(None)
        self.log.append("drop")
        self.next(self.compare)

    @step
    def fill(self):
        for i, reading in enumerate(self.readings):
            if reading is None:
                self.readings[i] = (self.readings[i - 1] + self.readings[i + 1]) / 2
        self.log += ["fill"]
        self.meta["filled"] = True
        self.next(self.compare)

    @step
    def look(self):
        self.size = len(self.readings)
        self.log.append("look")
        self.next(self.compare)

    @step
    def compare(self, inputs):
        ordered = sorted(inputs, key=lambda inp: inp.log[-1])
        self.logs = [inp.log for inp in ordered]
        self.metas = [inp.meta for inp in ordered]
        self.untouched = inputs.look.readings
        # a copy for this step: the branch's own list is not reached
        self.readings = inputs.drop.readings
        self.readings.append(0.0)
        self.dropped = list(inputs.drop.readings[:3])
        inputs.fill.readings.clear()
        self.filled = inputs.fill.readings
        self.size = inputs.look.size
        self.next(self.end)

    @step
    def end(self):
        print(self.logs, self.metas, self.readings, self.dropped, self.filled, self.untouched, self.size)


if __name__ == "__main__":
    SplitIsolationFlow()
