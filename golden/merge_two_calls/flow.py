from metaflow import FlowSpec, step


class MergeTwoCallsFlow(FlowSpec):
    """The join merges twice: what it wants from all, then the rest of the branch that it trusts."""

    @step
    def start(self):
        self.query = "red shoes"
        self.limit = 3
        self.next(self.words, self.letters)

    @step
    def words(self):
        self.hits = [f"{word}-1" for word in self.query.split()]
        self.score = 0.8
        self.next(self.join)

    @step
    def letters(self):
        self.hits = sorted(set(self.query.replace(" ", "")))[: self.limit]
        self.score = 0.3
        self.next(self.join)

    @step
    def join(self, inputs):
        self.merge_artifacts(inputs, include=["query", "limit"])
        best = max(inputs, key=lambda inp: inp.score)
        self.merge_artifacts([best], exclude=["score"])
        self.others = sorted(hit for inp in inputs for hit in inp.hits if hit not in self.hits)
        self.next(self.end)

    @step
    def end(self):
        print(self.query, self.limit, self.hits, self.others, hasattr(self, "score"))


if __name__ == "__main__":
    MergeTwoCallsFlow()
