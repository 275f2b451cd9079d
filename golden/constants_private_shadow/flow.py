from metaflow import FlowSpec, step


class RateFlow(FlowSpec):
    """A private default of the class hides what an earlier step has set."""

    _rate = 0.25
    _history = ()

    def raise_rate(self):
        self._rate += 0.5
        self._history = (*self._history, self._rate)

    @step
    def start(self):
        self.before = self._rate
        self.raise_rate()
        self.raise_rate()
        self.after = (self._rate, self._history)
        self._other = "not in the class"
        self.next(self.check)

    @step
    def check(self):
        self.rate = self._rate
        self.history = self._history
        self.raise_rate()
        self.raised = self._rate
        self.other = self._other
        self.next(self.end)

    @step
    def end(self):
        self.last = (self._rate, self._history)
        print(self.before, self.after, self.rate, self.history, self.raised, self.last)


if __name__ == "__main__":
    RateFlow()
