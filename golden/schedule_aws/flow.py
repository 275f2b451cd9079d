from metaflow import FlowSpec, Parameter, schedule, step


# AWS: six fields, the days of the week from 1 (Sunday) to 7 (Saturday)
@schedule(cron="0 10 ? * 2-6 *")
class ScheduleAwsFlow(FlowSpec):
    """Runs from Monday to Friday at ten."""

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
    ScheduleAwsFlow()
