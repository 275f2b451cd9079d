import random

from metaflow import FlowSpec, Parameter, step


class ForeachSharedFlow(FlowSpec):
    """Every task reads the same big table; nothing of it changes."""

    seed = Parameter("seed", help="Makes the sample repeatable", default=5)

    @step
    def start(self):
        rng = random.Random(self.seed)
        self.embeddings = {f"doc{i}": [rng.random() for _ in range(16)] for i in range(2000)}
        self.queries = ["doc3", "doc77", "doc1999", "doc500"]
        self.top = 2
        self.next(self.nearest, foreach="queries")

    @step
    def nearest(self):
        mine = self.embeddings[self.input]
        distances = {
            name: sum((a - b) ** 2 for a, b in zip(mine, other))
            for name, other in self.embeddings.items()
            if name != self.input
        }
        self.neighbours = sorted(distances, key=distances.get)[: self.top]
        self.next(self.join)

    @step
    def join(self, inputs):
        self.neighbours = {inp.input: inp.neighbours for inp in inputs}
        self.merge_artifacts(inputs, include=["embeddings"])
        self.next(self.end)

    @step
    def end(self):
        print(len(self.embeddings), self.neighbours)


if __name__ == "__main__":
    ForeachSharedFlow()
