from contextlib import suppress

from metaflow import FlowSpec, Parameter, step


def parse(text):
    return float(text)


class ConditionalSetFlow(FlowSpec):
    """Artifacts that only some runs set; they are read only where they were set."""

    mode = Parameter("mode", help="full or quick", default="full")
    raw = Parameter("raw", help="A number, or not", default="2.5")

    @step
    def start(self):
        if self.mode == "full":
            self.details = [1, 2, 3]
            self.level = "all"
        else:
            self.level = "some"
        try:
            self.number = parse(self.raw)
            self.failed = False
        except ValueError as error:
            self.problem = str(error)
            self.failed = True
        self.next(self.loop)

    @step
    def loop(self):
        for candidate in [5, 12, 20]:
            if self.mode != "full":
                break
            if candidate > 10:
                self.chosen = candidate
                break
        else:
            self.none_chosen = True
        with suppress(ZeroDivisionError):
            self.inverse = 1 / (0 if self.failed else self.number)
            self.has_inverse = True
        while self.level == "some":
            self.extra = "quick extra"
            break
        self.next(self.end)

    @step
    def end(self):
        parts = [self.level]
        if self.mode == "full":
            parts += [len(self.details), self.chosen]
        else:
            parts.append(self.extra)
        parts.append(self.problem if self.failed else self.number)
        if not self.failed:
            parts += [self.inverse, self.has_inverse]
        self.parts = parts
        print(self.parts)


if __name__ == "__main__":
    ConditionalSetFlow()
