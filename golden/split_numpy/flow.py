import numpy as np
from metaflow import FlowSpec, step


class SplitNumpyFlow(FlowSpec):
    """Two decompositions of one matrix."""

    @step
    def start(self):
        self.matrix = np.array([[4.0, 1.0], [1.0, 3.0]])
        self.rng = np.random.default_rng(3)
        self.next(self.eigen, self.noise)

    @step
    def eigen(self):
        self.values = np.linalg.eigvalsh(self.matrix)
        self.condition = self.values.max() / self.values.min()
        self.next(self.combine)

    @step
    def noise(self):
        self.matrix += self.rng.normal(size=self.matrix.shape)
        self.trace = self.matrix.trace()
        self.next(self.combine)

    @step
    def combine(self, inputs):
        self.clean, self.noisy = inputs.eigen.matrix, inputs.noise.matrix
        self.distance = np.abs(self.clean - self.noisy).max()
        self.values = inputs.eigen.values
        self.shapes = {inp.matrix.shape for inp in inputs}
        self.stable = bool(inputs.eigen.condition < 10)
        self.next(self.end)

    @step
    def end(self):
        print(self.values.round(3), round(float(self.distance), 3), self.shapes, self.stable)


if __name__ == "__main__":
    SplitNumpyFlow()
