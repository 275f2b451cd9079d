import numpy as np
from metaflow import FlowSpec, resources, step


class ForeachNumpyFlow(FlowSpec):
    """Over the rows of an array: each task gets one of them, as an array."""

    @step
    def start(self):
        rng = np.random.default_rng(11)
        self.signals = rng.normal(size=(3, 8)).astype(np.float32)
        self.window = 2
        self.next(self.smooth, foreach="signals")

    @resources(cpu=1, memory=1024)
    @step
    def smooth(self):
        signal = self.input
        kernel = np.ones(self.window, dtype=signal.dtype) / self.window
        self.smoothed = np.convolve(signal, kernel, mode="valid")
        self.peak = signal.max()
        self.loudest = self.peak == self.signals.max()
        self.next(self.stack)

    @step
    def stack(self, inputs):
        self.smoothed = np.vstack([inp.smoothed for inp in inputs])
        self.peaks = np.array([inp.peak for inp in inputs])
        self.loudest = [bool(inp.loudest) for inp in inputs].index(True)
        self.next(self.end)

    @step
    def end(self):
        print(self.smoothed.shape, self.smoothed.dtype, self.peaks.round(2), self.loudest)


if __name__ == "__main__":
    ForeachNumpyFlow()
