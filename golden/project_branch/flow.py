from metaflow import FlowSpec, current, project, schedule, step

BRANCH = "new_model"


@schedule(weekly=True)
@project(name="fraud_scores", branch=BRANCH)
class ProjectBranchFlow(FlowSpec):
    """Trains on a branch of the project."""

    @step
    def start(self):
        self.names = {
            "project": current.project_name,
            "branch": current.branch_name,
            "flow": current.project_flow_name,
        }
        self.next(self.end)

    @step
    def end(self):
        self.public = current.is_production and not current.is_user_branch
        print(self.names, self.public)


if __name__ == "__main__":
    ProjectBranchFlow()
