import random

import numpy as np
from metaflow import FlowSpec, Parameter, retry, step

random.seed(7)
np.random.seed(42)


class ModuleSeedFlow(FlowSpec):
    """The module seeds random numbers: every step begins with the same ones."""

    size = Parameter("size", help="How many numbers to draw", default=3)

    @step
    def start(self):
        self.first = [random.random() for _ in range(self.size)]
        self.noise = np.random.normal(size=self.size)
        self.next(self.again)

    @retry(times=1, minutes_between_retries=0)
    @step
    def again(self):
        self.second = [random.random() for _ in range(self.size)]
        self.same = self.first == self.second
        self.next(self.end)

    @step
    def end(self):
        self.equal_noise = bool((np.random.normal(size=self.size) == self.noise).all())
        print(self.same, self.equal_noise)


if __name__ == "__main__":
    ModuleSeedFlow()
