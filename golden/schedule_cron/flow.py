from metaflow import FlowSpec, Parameter, schedule, step


@schedule(cron="30 6 * * 1-5")
class ScheduleCronFlow(FlowSpec):
    """Runs on weekdays at 06:30: five fields, as in a crontab."""

    days = Parameter("days", help="How many days to look back", default=3)

    @step
    def start(self):
        self.window = list(range(-self.days, 0))
        self.next(self.end)

    @step
    def end(self):
        self.line = f"{len(self.window)} days: {self.window}"
        print(self.line)


if __name__ == "__main__":
    ScheduleCronFlow()
