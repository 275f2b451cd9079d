from metaflow import FlowSpec, step


class NestedSplitInForeachFlow(FlowSpec):
    """For each review, language and length are found side by side."""

    @step
    def start(self):
        self.reviews = ["sehr gut", "not bad at all"]
        self.known = {"de": {"sehr", "gut"}, "en": {"not", "bad"}}
        self.next(self.review, foreach="reviews")

    @step
    def review(self):
        self.words = self.input.split()
        self.next(self.language, self.length)

    @step
    def language(self):
        hits = {code: len(words & set(self.words)) for code, words in self.known.items()}
        self.code = max(sorted(hits), key=hits.get)
        self.next(self.join_review)

    @step
    def length(self):
        self.count = len(self.words)
        # the item is that of the foreach
        self.letters = len(self.input) - self.input.count(" ")
        self.place = self.index
        self.next(self.join_review)

    @step
    def join_review(self, inputs):
        self.row = (inputs.length.place, inputs.language.code, inputs.length.count, inputs.length.letters)
        self.merge_artifacts(inputs, include=["words"])
        self.next(self.join)

    @step
    def join(self, inputs):
        self.rows = [inp.row for inp in inputs]
        self.longest = max((inp.words for inp in inputs), key=len)
        self.next(self.end)

    @step
    def end(self):
        print(self.rows, self.longest)


if __name__ == "__main__":
    NestedSplitInForeachFlow()
