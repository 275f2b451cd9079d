from metaflow import FlowSpec, Parameter, pypi, pypi_base, step


@pypi_base(python="3.11.9", packages={"numpy": "2.1.3"})
class PypiBaseFlow(FlowSpec):
    """All steps have numpy, one has another version of it and a package more."""

    degree = Parameter("degree", default=2)

    @step
    def start(self):
        import numpy as np

        x = np.arange(6)
        self.x = [float(value) for value in x]
        self.y = [float(value) for value in 3 * x**2 + 1]
        self.next(self.fit)

    @pypi(packages={"numpy": ">=1.26,<3", "pandas": "2.2.3", "pyarrow": ""})
    @step
    def fit(self):
        import numpy as np
        import pandas as pd

        frame = pd.DataFrame({"x": self.x, "y": self.y})
        found = np.polyfit(frame["x"], frame["y"], self.degree)
        self.coefficients = [round(float(value), 6) for value in found]
        self.next(self.end)

    @pypi(disabled=True)
    @step
    def end(self):
        print(self.coefficients)


if __name__ == "__main__":
    PypiBaseFlow()
