import threading

from metaflow import FlowSpec, Parameter, step


def read_rows(text):
    for line in text.splitlines():
        yield [int(cell) for cell in line.split(",")]


def guard(kind):
    return threading.Lock() if kind == "lock" else None


class IngestFlow(FlowSpec):
    """What cannot be pickled fails the step at its end, and only then."""

    lazy = Parameter("lazy", help="Do not read the rows at once", default=False)
    kind = Parameter("kind", default="none")

    @step
    def start(self):
        self.text = "1,2\n3,4\n"
        self.next(self.ingest)

    @step
    def ingest(self):
        self.rows = read_rows(self.text)
        self.first = next(self.rows)
        if not self.lazy:
            self.rows = list(self.rows)
        self.next(self.lock)

    @step
    def lock(self):
        self.resources = {"guard": guard(self.kind)}
        self.next(self.end)

    @step
    def end(self):
        print(self.first, self.rows, self.resources)


if __name__ == "__main__":
    IngestFlow()
