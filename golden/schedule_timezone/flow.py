from metaflow import FlowSpec, Parameter, schedule, step


@schedule(cron="0 8 * * *", timezone="Europe/Berlin")
class ScheduleTimezoneFlow(FlowSpec):
    """Runs at eight in the morning in Berlin."""

    days = Parameter("days", help="How many days to look back", default=1)

    @step
    def start(self):
        self.window = list(range(-self.days, 0))
        self.next(self.end)

    @step
    def end(self):
        self.line = f"{len(self.window)} days: {self.window}"
        print(self.line)


if __name__ == "__main__":
    ScheduleTimezoneFlow()
