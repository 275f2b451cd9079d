from metaflow import FlowSpec, current, parallel, step


class ParallelNodesFlow(FlowSpec):
    """Three nodes share the rows by their numbers."""

    @step
    def start(self):
        self.rows = list(range(10))
        self.next(self.shard, num_parallel=3)

    @parallel
    @step
    def shard(self):
        self.node = current.parallel.node_index
        self.mine = self.rows[self.node :: current.parallel.num_nodes]
        self.leader = self.node == 0
        self.next(self.join)

    @step
    def join(self, inputs):
        self.by_node = dict(sorted((inp.node, inp.mine) for inp in inputs))
        self.leaders = [inp.node for inp in inputs if inp.leader]
        self.total = sum(sum(inp.mine) for inp in inputs)
        self.merge_artifacts(inputs, include=["rows"])
        self.next(self.end)

    @step
    def end(self):
        assert self.total == sum(self.rows)
        print(self.by_node, self.leaders, self.total)


if __name__ == "__main__":
    ParallelNodesFlow()
