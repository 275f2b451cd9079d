from metaflow import FlowSpec, kubernetes, step


class KubernetesMapLoopFlow(FlowSpec):
    """A pod that a map task, a loop and a join share."""

    @step
    def start(self):
        self.seeds = [3, 5, 8]
        self.next(self.simulate, foreach="seeds")

    @kubernetes(memory=2000, node_selector="pool=spot")
    @step
    def simulate(self):
        self.path = [self.input * turn % 7 for turn in range(1, 5)]
        self.next(self.gather)

    @kubernetes(cpu=2, node_selector="pool=spot")
    @step
    def gather(self, inputs):
        self.peaks = [max(one.path) for one in inputs]
        self.rounds = 0
        self.next(self.refine)

    @kubernetes(node_selector={"pool": "spot"})
    @step
    def refine(self):
        self.rounds += 1
        self.peaks = [peak / 2 for peak in self.peaks]
        self.more = "again" if max(self.peaks) > 1 else "done"
        self.next({"again": self.refine, "done": self.end}, condition="more")

    @step
    def end(self):
        print(self.rounds, self.peaks)


if __name__ == "__main__":
    KubernetesMapLoopFlow()
