import os

from metaflow import FlowSpec, environment, step


class RegionFlow(FlowSpec):
    """Settings from variables that differ from step to step."""

    REGION = os.environ.get("TRAINING_REGION", "local")
    BUCKET = f"s3://models-{REGION}"
    _QUOTA = int(os.environ.get("TRAINING_QUOTA", "1"))

    @environment(vars={"TRAINING_REGION": "eu-west-1", "TRAINING_QUOTA": 8})
    @step
    def start(self):
        self.place = self.REGION
        self.buckets = [self.BUCKET]
        self.quota = self._QUOTA
        self.next(self.copy)

    @environment(vars={"TRAINING_REGION": "us-east-1"})
    @step
    def copy(self):
        self.moved = self.REGION != self.place
        self.buckets.append(self.BUCKET)
        self.quota += self._QUOTA
        self.next(self.end)

    @step
    def end(self):
        self.buckets.append(self.BUCKET)
        self.last = self.REGION
        print(self.place, self.last, self.buckets, self.quota)


if __name__ == "__main__":
    RegionFlow()
