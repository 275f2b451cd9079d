from metaflow import FlowSpec, Parameter, retry, step


class LoopListFlow(FlowSpec):
    """A square root, better in each round; the list of guesses grows in place."""

    number = Parameter("number", help="Its root is wanted", default=2.0)

    @step
    def start(self):
        self.guesses = [self.number]
        self.stats = {"rounds": 0}
        self.status = "again"
        self.next(self.refine)

    @retry(times=1, minutes_between_retries=0)
    @step
    def refine(self):
        guess = self.guesses[-1]
        self.guesses.append((guess + self.number / guess) / 2)
        self.stats["rounds"] += 1
        if abs(self.guesses[-1] - guess) < 1e-3:
            self.status = "done"
        self.next({"again": self.refine, "done": self.report}, condition="status")

    @step
    def report(self):
        self.root = round(self.guesses.pop(), 6)
        self.next(self.end)

    @step
    def end(self):
        print(self.root, self.stats, self.guesses)


if __name__ == "__main__":
    LoopListFlow()
