from metaflow import FlowSpec, Parameter, step


class FallbackFlow(FlowSpec):
    """Artifacts that may be missing, and what to do then."""

    tuned = Parameter("tuned", default=False)

    def rate_or(self, default):
        try:
            return self.rate
        except AttributeError:
            return default

    @step
    def start(self):
        if self.tuned:
            self.rate = 0.5
        self.problems = []
        self.next(self.train)

    @step
    def train(self):
        try:
            self.used = self.rate
        except AttributeError as error:
            self.used = 0.1
            self.problems.append(str(error))
        try:
            print(self.never_set)
        except AttributeError as error:
            self.problems.append(str(error))
        try:
            self.half = self.rate / 2
            self.quarter = self.half / 2
        except (AttributeError, ZeroDivisionError):
            self.half = None
        else:
            self.eighth = self.quarter / 2
        finally:
            self.tried = True
        try:
            self.history.append("trained")
        except AttributeError:
            self.history = ["first"]
        self.next(self.end)

    @step
    def end(self):
        self.rates = [self.rate_or(0.01), self.rate_or(None)]
        try:
            self.missing = [].rate
        except AttributeError as error:
            self.missing = str(error)
        try:
            self.smallest = self.eighth
        except Exception as error:
            self.smallest = type(error).__name__
        self.history.append("ended")
        print(self.used, self.problems, self.rates, self.half, self.smallest, self.history)


if __name__ == "__main__":
    FallbackFlow()
