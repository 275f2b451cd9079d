from metaflow import FlowSpec, Parameter, current, project, step


def table(name):
    """Where a table of this branch stands."""
    return f"{current.project_name}/{current.branch_name}/{name}"


@project(name="fraud_scores", production=True)
class ProjectProductionFlow(FlowSpec):
    """Scores the payments of a day."""

    day = Parameter("day", default="2024-05-01")

    @step
    def start(self):
        self.source = table("payments")
        self.rows = 100_000 if current.is_production else 100
        self.next(self.score)

    @step
    def score(self):
        self.scores = [row % 7 for row in range(min(self.rows, 20))]
        if not current.is_user_branch:
            self.target = self.place("scores")
        self.next(self.end)

    @step
    def end(self):
        self.title = f"{current.project_flow_name} of {self.day}: {sum(self.scores)}"
        print(self.title, self.target)

    def place(self, name):
        return table(f"{name}_{self.day}")


if __name__ == "__main__":
    ProjectProductionFlow()
