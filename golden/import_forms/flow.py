import math

import metaflow as mf


class ImportFormsFlow(mf.FlowSpec):
    """Everything of Metaflow is reached through the module's alias."""

    radius = mf.Parameter("radius", help="Radius of the circle", default=2.0)
    options = mf.Parameter("options", help="Settings as JSON", type=mf.JSONType, default='{"digits": 3}')

    @mf.step
    def start(self):
        self.area = math.pi * self.radius**2
        self.next(self.shorten)

    @mf.retry(times=1)
    @mf.step
    def shorten(self):
        self.rounded = round(self.area, self.options["digits"])
        self.next(self.end)

    @mf.step
    def end(self):
        print(f"a circle of radius {self.radius} has area {self.rounded}")


if __name__ == "__main__":
    ImportFormsFlow()
