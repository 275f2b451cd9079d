from metaflow import FlowSpec, Parameter, step

ANSWERS = ("queued", "running", "running", "finished")


class LoopStateFlow(FlowSpec):
    """Poll a job: nothing is set up before the first round."""

    limit = Parameter("limit", help="Give up after that many", default=10)

    @step
    def start(self):
        self.job = "train-17"
        self.next(self.poll)

    @step
    def poll(self):
        self.attempt = getattr(self, "attempt", 0) + 1
        if self.attempt > self.limit:
            raise TimeoutError(f"{self.job} does not finish")
        self.answer = ANSWERS[self.attempt - 1]
        if not hasattr(self, "answers"):
            self.answers = {}
        self.answers[self.answer] = self.answers.get(self.answer, 0) + 1
        self.finished = self.answer == "finished"
        self.next({True: self.fetch, False: self.poll}, condition="finished")

    @step
    def fetch(self):
        self.result = f"{self.job} after {self.attempt}"
        self.next(self.end)

    @step
    def end(self):
        print(self.result, self.answers)


if __name__ == "__main__":
    LoopStateFlow()
