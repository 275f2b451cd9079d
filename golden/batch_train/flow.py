from metaflow import FlowSpec, batch, retry, step


class BatchTrainFlow(FlowSpec):
    """A flow of AWS Batch: what Flyte does without is named."""

    @batch(queue="low-priority", iam_role="arn:aws:iam::111122223333:role/loader", ephemeral_storage=100)
    @step
    def start(self):
        self.weights = [0.1, 0.2, 0.7]
        self.next(self.train)

    @retry(times=1, minutes_between_retries=0)
    @batch(
        cpu="4",
        gpu=1,
        memory=30000,
        image="registry.example.com/ml/train:2.4",
        shared_memory=1024,
        max_swap=0,
        swappiness=10,
        aws_batch_tags={"project": "forecast"},
        log_driver="awslogs",
        log_options=["awslogs-group:/aws/batch/job"],
    )
    @step
    def train(self):
        self.loss = 1 - sum(weight**2 for weight in self.weights)
        self.next(self.end)

    @batch(cpu=0.25, memory=512, executable="python3", execution_role="arn:aws:iam::111122223333:role/ecs")
    @step
    def end(self):
        print(round(self.loss, 3))


if __name__ == "__main__":
    BatchTrainFlow()
