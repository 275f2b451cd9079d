from metaflow import FlowSpec, Parameter, step


class PipelineFlow(FlowSpec):
    """What all pipelines do; which of it are steps is up to them."""

    country = Parameter("country", default="se")
    THRESHOLD = 2

    def start(self):
        """Set up."""
        self.settings = {"country": self.country, "pipeline": self.pipeline}

    def select(self):
        self.rows = [n for n in self.rows if n >= self.THRESHOLD]

    def end(self):
        self.report = f"{self.pipeline}: {len(self.rows)} rows"


class CurvesFlow(PipelineFlow):
    """Selects the curves of a country."""

    pipeline = "curves"

    def select(self):
        super().select()
        self.selected_by = "curves"


class RecentCurvesFlow(CurvesFlow):
    """Those of this year."""

    @step
    def start(self):
        super().start()
        self.rows = list(range(5))
        self.next(self.select)

    @step
    def select(self):
        """Twice, as the source has some rows twice."""
        super().select()
        self.rows += [len(self.settings)]
        super().select()
        self.next(self.end)

    @step
    def end(self):
        super().end()
        print(self.report, self.selected_by)


if __name__ == "__main__":
    RecentCurvesFlow()
