from metaflow import FlowSpec, Parameter, schedule, step


@schedule(weekly=True)
class ScheduleWeeklyFlow(FlowSpec):
    """Runs on Sundays at midnight UTC."""

    days = Parameter("days", help="How many days to look back", default=7)

    @step
    def start(self):
        self.window = list(range(-self.days, 0))
        self.next(self.end)

    @step
    def end(self):
        self.line = f"{len(self.window)} days: {self.window}"
        print(self.line)


if __name__ == "__main__":
    ScheduleWeeklyFlow()
