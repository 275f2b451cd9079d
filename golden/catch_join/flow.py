from metaflow import FlowSpec, catch, step


class VoteFlow(FlowSpec):
    """Branches and a join that may fail."""

    @step
    def start(self):
        self.base = 2
        self.next(self.left, self.right)

    @catch(var="left_failed")
    @step
    def left(self):
        self.vote = self.base * 10
        raise RuntimeError("left is out")
        self.next(self.count)

    @catch(var="right_failed")
    @step
    def right(self):
        self.vote = self.base * 20
        self.next(self.count)

    @catch(var="count_failed")
    @step
    def count(self, inputs):
        self.votes = [inputs.left.vote, inputs.right.vote]
        self.failed = [inputs.left.left_failed is None, inputs.right.right_failed is None]
        self.ratio = self.votes[1] / (self.votes[0] - 20)
        self.next(self.end)

    @step
    def end(self):
        print(self.votes, self.failed, self.count_failed.exception)


if __name__ == "__main__":
    VoteFlow()
