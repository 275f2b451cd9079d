from metaflow import FlowSpec, Parameter, retry, step

from . import TEAM
from .mixins import TaggedMixin


class TeamFlow(TaggedMixin, FlowSpec):
    """Starts and ends like every flow of the team."""

    run_name = Parameter("run_name", help="Shown in the report", default="nightly")

    @retry(times=2, minutes_between_retries=0)
    @step
    def start(self):
        self.team = TEAM
        self.published = {}
        self.next(self.work)

    @step
    def end(self):
        self.published["end"] = self.tag("end")
        self.report = f"{self.run_name}: {len(self.published)} published"
        print(self.report)
