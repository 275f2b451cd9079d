from metaflow import FlowSpec, catch, retry, step


class PagesFlow(FlowSpec):
    """Elements of a foreach that fail one by one."""

    @step
    def start(self):
        self.pages = ["7", "x", "0", "4"]
        self.next(self.parse, foreach="pages")

    @retry(times=1, minutes_between_retries=0)
    @catch(var="problem")
    @step
    def parse(self):
        self.page = self.input
        self.number = int(self.input)
        self.inverse = 1 / self.number
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.problems = {
            found.page: found.problem.type for found in inputs if found.problem is not None
        }
        self.numbers = [getattr(found, "number", None) for found in inputs]
        self.inverses = [found.inverse for found in inputs if not found.problem]
        self.next(self.end)

    @step
    def end(self):
        print(self.problems, self.numbers, self.inverses)


if __name__ == "__main__":
    PagesFlow()
