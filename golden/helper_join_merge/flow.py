from metaflow import FlowSpec, Parameter, step


class LoanFlow(FlowSpec):
    """Decide on a loan after two checks that run side by side."""

    income = Parameter("income", default=3000)

    def decide(self):
        """Reads only what is there after the merge."""
        self.decision = "accepted" if self.risk < 0.5 and self.affordable else "rejected"
        if self.decision == "rejected":
            self.reason = "risk" if self.affordable else "income"

    def sign(self, name):
        self.signatures = [*self.signatures, name]
        return f"{name}:{self.applicant['name']}"

    @step
    def start(self):
        self.applicant = {"name": "ann", "rate": 900, "debts": [100, 50]}
        self.signatures = ["clerk"]
        self.note = "from start"
        self.next(self.score, self.afford)

    @step
    def score(self):
        self.risk = sum(self.applicant["debts"]) / 1000
        self.seconds = 3
        self.next(self.decision_point)

    @step
    def afford(self):
        self.affordable = self.applicant["rate"] < self.income * 0.4
        self.seconds = 5
        self.next(self.decision_point)

    @step
    def decision_point(self, inputs):
        self.before = [hasattr(self, name) for name in ("risk", "note", "income")]
        self.seconds = inputs.score.seconds + inputs.afford.seconds
        self.merge_artifacts(inputs)
        self.decide()
        self.signed = self.sign("officer")
        self.next(self.end)

    @step
    def end(self):
        self.signed_again = self.sign("manager")
        self.text = f"{self.decision} ({getattr(self, 'reason', 'no reason')}) {self.note}"
        print(self.text, self.signatures, self.signed, self.seconds, self.before)


if __name__ == "__main__":
    LoanFlow()
