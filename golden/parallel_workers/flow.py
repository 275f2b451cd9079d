from metaflow import FlowSpec, Parameter, current, parallel, resources, step


class ParallelWorkersFlow(FlowSpec):
    """As many nodes as a parameter says; their gradients are averaged."""

    workers = Parameter("workers", help="Number of nodes", default=2)

    @step
    def start(self):
        self.weights = [1.0, 2.0, 4.0]
        self.samples = [[1, 0, 1], [0, 1, 1], [1, 1, 0], [0, 0, 1], [1, 1, 1], [0, 1, 0]]
        self.next(self.gradient, num_parallel=self.workers)

    @resources(cpu=1, memory=512)
    @parallel
    @step
    def gradient(self):
        """Each node takes every n-th sample."""
        part = self.samples[current.parallel.node_index :: current.parallel.num_nodes]
        self.gradient_ = [sum(column) / len(part) for column in zip(*part)]
        self.size = len(part)
        self.next(self.average)

    @step
    def average(self, inputs):
        total = sum(inp.size for inp in inputs)
        count = 0
        self.gradient_ = [0.0, 0.0, 0.0]
        for inp in sorted(inputs, key=lambda inp: inp.gradient_):
            count += 1
            for i, value in enumerate(inp.gradient_):
                self.gradient_[i] += value * inp.size / total
        self.merge_artifacts(inputs, exclude=["size"])
        self.weights = [round(w - 0.5 * g, 6) for w, g in zip(self.weights, self.gradient_)]
        self.nodes = count
        self.next(self.end)

    @step
    def end(self):
        print(self.nodes, self.weights)


if __name__ == "__main__":
    ParallelWorkersFlow()
