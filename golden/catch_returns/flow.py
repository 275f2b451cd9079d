from metaflow import FlowSpec, Parameter, catch, step


class EarlyFlow(FlowSpec):
    """Several ways out of a step, its own handlers, and a variable called error."""

    value = Parameter("value", type=int, default=1)

    @catch(var="error")
    @step
    def start(self):
        # what the step leaves here is replaced
        self.error = "not yet"
        error = f"value {self.value}"
        if self.value == 0:
            self.kind = "zero"
            self.next(self.end)
            return
        try:
            self.inverse = 1 / (self.value - 1)
        except ZeroDivisionError:
            self.inverse = None
        finally:
            self.tried = True
        if self.value < 0:
            raise ValueError(error)
        self.kind = "positive"
        self.next(self.end)

    @step
    def end(self):
        self.shown = self.error and self.error.exception
        print(self.shown, getattr(self, "kind", "none"))


if __name__ == "__main__":
    EarlyFlow()
