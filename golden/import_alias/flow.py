from metaflow import FlowSpec as Flow, Parameter as P, retry as again, step as s


class ImportAliasFlow(Flow):
    """Every imported name has been renamed."""

    words = P("words", default="red green blue", help="Words to count")

    @s
    def start(self):
        self.tokens = self.words.split()
        self.next(self.measure)

    @again(times=2, minutes_between_retries=0)
    @s
    def measure(self):
        # step, Parameter and retry are free names here
        step = 2
        self.every_second = self.tokens[::step]
        self.lengths = {token: len(token) for token in self.tokens}
        self.next(self.end)

    @s
    def end(self):
        self.longest = max(self.lengths.values())
        print(self.longest)


if __name__ == "__main__":
    ImportAliasFlow()
