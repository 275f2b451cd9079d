import re
from collections import Counter

from metaflow import FlowSpec, Parameter, step

TEXT = "The cat sat on the mat. The dog sat on the log, and the cat left!"


class SplitFiveFlow(FlowSpec):
    """Five features of a text, each in a branch of its own."""

    text = Parameter("text", help="What to look at", default=TEXT)

    @step
    def start(self):
        self.words = re.findall(r"[a-z]+", self.text.lower())
        self.next(self.count, self.vocabulary, self.longest, self.frequent, self.punctuation)

    @step
    def count(self):
        self.feature, self.value = "count", len(self.words)
        self.next(self.gather)

    @step
    def vocabulary(self):
        self.feature, self.value = "vocabulary", len(set(self.words)) / len(self.words)
        self.next(self.gather)

    @step
    def longest(self):
        self.feature = "longest"
        self.value = max(self.words, key=len)
        self.next(self.gather)

    @step
    def frequent(self):
        self.feature = "frequent"
        self.value = Counter(self.words).most_common(2)
        self.next(self.gather)

    @step
    def punctuation(self):
        self.feature = "punctuation"
        self.value = tuple(sign for sign in self.text if sign in ".,;!?") or None
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.features = {}
        for inp in sorted(inputs, key=lambda inp: inp.feature):
            self.features[inp.feature] = inp.value
        self.next(self.end)

    @step
    def end(self):
        for name, value in self.features.items():
            print(f"{name:<12} {value}")


if __name__ == "__main__":
    SplitFiveFlow()
