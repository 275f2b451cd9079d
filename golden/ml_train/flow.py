"""Train a churn classifier on synthetic customers, every night."""
import numpy as np
from metaflow import FlowSpec, JSONType, Parameter, resources, retry, schedule, step, timeout

FEATURES = ("tenure", "monthly_fee", "support_calls")
TRUE_WEIGHTS = np.array([-1.2, 0.8, 1.5])


def sigmoid(z):
    return 1.0 / (1.0 + np.exp(-z))


def log_loss(y, p, eps=1e-12):
    """Mean negative log likelihood."""
    p = np.clip(p, eps, 1 - eps)
    return float(-np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)))


def confusion(y, predicted):
    """True and false positives and negatives, by name."""
    return {
        "tp": int(np.sum((y == 1) & (predicted == 1))),
        "fp": int(np.sum((y == 0) & (predicted == 1))),
        "tn": int(np.sum((y == 0) & (predicted == 0))),
        "fn": int(np.sum((y == 1) & (predicted == 0))),
    }


def f1_score(counts):
    denominator = 2 * counts["tp"] + counts["fp"] + counts["fn"]
    return 2 * counts["tp"] / denominator if denominator else 0.0


@schedule(daily=True)
class ChurnTrainingFlow(FlowSpec):
    """Logistic regression by gradient descent, with a threshold tuned on held-out data."""

    rows = Parameter("rows", help="Number of synthetic customers", default=400)
    seed = Parameter("seed", help="Seed of the data and the split", default=7)
    test_share = Parameter("test-share", help="Share of the rows held out", default=0.25)
    learning_rate = Parameter("learning-rate", help="Step size of gradient descent", type=float, default=1)
    epochs = Parameter("epochs", help="Passes over the training data", default=150)
    l2 = Parameter("l2", help="Weight of the penalty", default=1e-3)
    thresholds = Parameter("thresholds", help="Candidates for the decision threshold", type=JSONType,
                           default="[0.3, 0.4, 0.5, 0.6, 0.7]")
    balanced = Parameter("balanced", help="Weigh the classes equally", default=False)

    @retry(times=3, minutes_between_retries=1)
    @step
    def start(self):
        """Load the customers (here: make them up)."""
        rng = np.random.default_rng(self.seed)
        self.X = rng.normal(size=(self.rows, len(FEATURES))) * [12.0, 20.0, 2.0] + [24.0, 60.0, 3.0]
        z = (self.X - self.X.mean(axis=0)) / self.X.std(axis=0)
        self.y = (sigmoid(z @ TRUE_WEIGHTS - 0.4) > rng.random(self.rows)).astype(int)
        print(f"{self.rows} customers, {self.y.mean():.1%} churned")
        self.next(self.split)

    @step
    def split(self):
        """Hold out a share of the rows."""
        order = np.random.default_rng(self.seed + 1).permutation(len(self.y))
        cut = int(len(order) * self.test_share)
        self.test_index, self.train_index = order[:cut], order[cut:]
        if len(self.test_index) == 0:
            raise ValueError("no rows are left to test with")
        self.next(self.scale)

    @step
    def scale(self):
        """Standardise by what the training rows look like."""
        train = self.X[self.train_index]
        self.scaler = {"mean": train.mean(axis=0), "std": train.std(axis=0)}
        scaled = (self.X - self.scaler["mean"]) / self.scaler["std"]
        self.X_train, self.X_test = scaled[self.train_index], scaled[self.test_index]
        self.y_train, self.y_test = self.y[self.train_index], self.y[self.test_index]
        self.next(self.train)

    @resources(cpu=4, memory=8192)
    @timeout(minutes=30)
    @retry(times=2, minutes_between_retries=0)
    @step
    def train(self):
        """Gradient descent; keeps the loss of every tenth epoch."""
        n = len(self.y_train)
        weights, bias = np.zeros(self.X_train.shape[1]), 0.0
        share = self.y_train.mean()
        # each class counts as much as the other if that is asked for
        importance = np.where(self.y_train == 1, 0.5 / share, 0.5 / (1 - share)) if self.balanced else np.ones(n)
        self.losses = []
        for epoch in range(self.epochs):
            p = sigmoid(self.X_train @ weights + bias)
            error = importance * (p - self.y_train)
            weights -= self.learning_rate * (self.X_train.T @ error / n + self.l2 * weights)
            bias -= self.learning_rate * error.mean()
            if epoch % 10 == 0:
                self.losses.append(log_loss(self.y_train, p))
        self.model = {"weights": weights, "bias": float(bias), "features": FEATURES}
        self.next(self.evaluate)

    @step
    def evaluate(self):
        """Score the held-out rows."""
        self.scores = sigmoid(self.X_test @ self.model["weights"] + self.model["bias"])
        self.test_loss = log_loss(self.y_test, self.scores)
        self.accuracy = float(np.mean((self.scores > 0.5) == self.y_test))
        self.next(self.tune)

    @step
    def tune(self):
        """Choose the threshold with the best F1."""
        self.candidates = {}
        for threshold in self.thresholds:
            counts = confusion(self.y_test, (self.scores >= threshold).astype(int))
            self.candidates[threshold] = {**counts, "f1": f1_score(counts)}
        self.threshold = max(self.candidates, key=lambda t: (self.candidates[t]["f1"], -t))
        self.model["threshold"] = self.threshold
        self.next(self.report)

    @step
    def report(self):
        """Put the results into words."""
        best = self.candidates[self.threshold]
        ranked = sorted(zip(FEATURES, self.model["weights"]), key=lambda pair: -abs(pair[1]))
        lines = [f"accuracy {self.accuracy:.3f}, loss {self.test_loss:.3f}"]
        lines += [f"threshold {self.threshold}: F1 {best['f1']:.3f} (tp {best['tp']}, fp {best['fp']})"]
        lines += [f"  {name:<14}{weight:+.3f}" for name, weight in ranked]
        if self.losses:
            lines.append(f"training loss from {self.losses[0]:.3f} to {self.losses[-1]:.3f}")
        self.text = "\n".join(lines)
        self.next(self.end)

    @step
    def end(self):
        """Say how it went, and whether the model may be used."""
        print(self.text)
        self.approved = self.accuracy >= 0.7 and best_f1(self.candidates) > 0.5
        print("approved" if self.approved else "rejected")


def best_f1(candidates):
    return max(c["f1"] for c in candidates.values())


if __name__ == "__main__":
    ChurnTrainingFlow()
