from metaflow import FlowSpec, Parameter, step


class SwitchNoCaseFlow(FlowSpec):
    """A grade that nobody thought of."""

    score = Parameter("score", help="Between 0 and 1", default=0.4)

    @step
    def start(self):
        self.notes = []
        self.next(self.grade)

    @step
    def grade(self):
        self.notes.append(f"score {self.score}")
        self.grade_ = "good" if self.score > 0.5 else "bad"
        if self.score > 1:
            self.grade_ = 1
        self.next({"good": self.accept, "bad": self.reject}, condition="grade_")

    @step
    def accept(self):
        self.notes.append("accepted")
        self.next(self.end)

    @step
    def reject(self):
        self.notes.append("rejected")
        self.next(self.end)

    @step
    def end(self):
        print(self.notes)


if __name__ == "__main__":
    SwitchNoCaseFlow()
