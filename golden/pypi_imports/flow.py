import json

import numpy as np
from metaflow import FlowSpec, pypi, step


def spread(values):
    return float(np.std(values))


class PypiImportsFlow(FlowSpec):
    """Only some steps have what the module imports."""

    @step
    def start(self):
        self.samples = [[1.0, 2.0, 4.0], [3.0, 3.0, 3.0]]
        self.next(self.measure, foreach="samples")

    @pypi(packages={"numpy": "2.1.3"})
    @step
    def measure(self):
        self.spread = round(spread(self.input), 6)
        self.next(self.join)

    @pypi(packages={"numpy": "2.1.3"})
    @step
    def join(self, inputs):
        self.spreads = [each.spread for each in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(json.dumps(self.spreads))


if __name__ == "__main__":
    PypiImportsFlow()
