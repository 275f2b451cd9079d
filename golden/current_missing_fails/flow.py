from metaflow import FlowSpec, current, step


class CurrentMissingFlow(FlowSpec):
    @step
    def start(self):
        self.started = current.step_name
        self.next(self.end)

    @step
    def end(self):
        self.event = current.trigger.event.name


if __name__ == "__main__":
    CurrentMissingFlow()
