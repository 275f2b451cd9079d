from metaflow import FlowSpec, step, timeout
from metaflow.exception import MetaflowException
from metaflow.plugins.timeout_decorator import TimeoutException


class BadRows(MetaflowException):
    headline = "Rows do not add up"

    def __init__(self, count):
        super().__init__(msg=f"{count} rows are bad")
        self.count = count


def check(rows):
    bad = [row for row in rows if row < 0]
    if bad:
        raise BadRows(len(bad))


class ExceptionsFlow(FlowSpec):
    @timeout(minutes=5)
    @step
    def start(self):
        try:
            check([1, -2, -3])
        except MetaflowException as error:
            self.message = (str(error), error.headline, error.count)
        self.line = str(MetaflowException("wrong", lineno=3, source_file="rows.csv"))
        self.related = issubclass(TimeoutException, MetaflowException)
        self.next(self.end)

    @step
    def end(self):
        print(self.message, self.line)


if __name__ == "__main__":
    ExceptionsFlow()
