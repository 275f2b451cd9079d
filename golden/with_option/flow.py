from metaflow import FlowSpec, catch, current, retry, step


class WithFlow(FlowSpec):
    """Translated with --with retry:… --with catch:…, for steps that do not have them."""

    @step
    def start(self):
        self.tried = [current.retry_count]
        if current.retry_count < 1:
            raise ConnectionError("the first attempt always fails")
        self.next(self.divide)

    # static decorators go before those of the command line
    @retry(times=0)
    @catch(var="own_problem")
    @step
    def divide(self):
        self.tried.append(current.retry_count)
        self.ratio = 1 / 0
        self.next(self.end)

    @step
    def end(self):
        self.tried.append(current.retry_count)
        if current.retry_count < 2:
            raise ConnectionError("two attempts fail")
        print(self.tried, self.own_problem.exception, self.problem)


if __name__ == "__main__":
    WithFlow()
