import statistics

from metaflow import FlowSpec, conda, conda_base, step


@conda_base(libraries={"requests": "2.32.3"}, python="3.11")
class CondaStepsFlow(FlowSpec):
    @step
    def start(self):
        self.rows = [3.5, 1.25, 9.0, 4.75]
        self.next(self.left, self.right)

    @conda(packages={"pandas": ">=2.0,<3", "pytorch::pytorch": "2.4.1", "scipy": 1.14})
    @step
    def left(self):
        import pandas as pd

        self.mean = float(pd.Series(self.rows).mean())
        self.next(self.join)

    # the same environment as the other branch, so the same image
    @conda(packages={"pandas": ">=2.0,<3", "pytorch::pytorch": "2.4.1", "scipy": "1.14"})
    @step
    def right(self):
        import pandas as pd

        self.largest = float(pd.Series(self.rows).max())
        self.next(self.join)

    @conda(packages={"requests": "2.31.0"})
    @step
    def join(self, inputs):
        self.summary = (inputs.left.mean, inputs.right.largest)
        self.spread = statistics.pstdev(inputs.left.rows)
        self.next(self.end)

    @step
    def end(self):
        print(self.summary, self.spread)


if __name__ == "__main__":
    CondaStepsFlow()
