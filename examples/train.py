"""Fit a ridge regression, in plain Python.

    python train.py run --alpha 0.5
"""
import math
import random

from metaflow import FlowSpec, Parameter, resources, retry, schedule, step

TRUE_SLOPE, TRUE_INTERCEPT = 3.0, -2.0


def make_points(count, seed):
    """Points on a line, with a little noise."""
    rng = random.Random(seed)
    points = []
    for _ in range(count):
        x = rng.uniform(-3.0, 3.0)
        points.append((x, TRUE_SLOPE * x + TRUE_INTERCEPT + rng.gauss(0.0, 0.1)))
    return points


def rmse(model, points):
    """Root of the mean squared error of a model."""
    squares = [(model["slope"] * x + model["intercept"] - y) ** 2 for x, y in points]
    return math.sqrt(sum(squares) / len(squares))


@schedule(daily=True)
class TrainFlow(FlowSpec):
    """Fit a line to noisy points, with a penalty on steep slopes."""

    alpha = Parameter("alpha", help="Weight of the penalty", default=0.1)
    rows = Parameter("rows", help="Number of points", default=20)
    seed = Parameter("seed", help="Seed of the noise", default=42)

    @step
    def start(self):
        """Make the data."""
        self.points = make_points(self.rows, self.seed)
        print(f"{len(self.points)} points")
        self.next(self.split)

    @step
    def split(self):
        """Hold out every fifth point."""
        self.test = self.points[::5]
        self.train_points = [p for i, p in enumerate(self.points) if i % 5]
        self.next(self.train)

    # the expensive step: more room, and another try if it fails
    @retry(times=2, minutes_between_retries=1)
    @resources(cpu=2, memory=4096)
    @step
    def train(self):
        """Solve the normal equations of ridge regression."""
        n = len(self.train_points)
        mean_x = sum(x for x, _ in self.train_points) / n
        mean_y = sum(y for _, y in self.train_points) / n
        covariance = sum((x - mean_x) * (y - mean_y) for x, y in self.train_points) / n
        variance = sum((x - mean_x) ** 2 for x, _ in self.train_points) / n
        slope = covariance / (variance + self.alpha)
        self.model = {"slope": slope, "intercept": mean_y - slope * mean_x}
        self.next(self.evaluate)

    @step
    def evaluate(self):
        """Measure the error on both parts."""
        self.train_error = rmse(self.model, self.train_points)
        self.test_error = rmse(self.model, self.test)
        self.next(self.end)

    @step
    def end(self):
        """Show the result."""
        print(f"y = {self.model['slope']:.3f} x {self.model['intercept']:+.3f} at alpha = {self.alpha}")
        print(f"error: {self.train_error:.3f} in training, {self.test_error:.3f} held out")


if __name__ == "__main__":
    TrainFlow()
