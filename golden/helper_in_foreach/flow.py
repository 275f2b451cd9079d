from metaflow import FlowSpec, Parameter, step


class StoresFlow(FlowSpec):
    """Score every store on its own, then rank them all."""

    weight = Parameter("weight", default=2)

    def key(self):
        return f"{self.index}-{self.input['city']}"

    def score(self, bonus=0):
        self.position = self.index + 1
        return self.input["sales"] * self.weight + bonus

    def is_last(self):
        return self.index == len(self.stores) - 1

    def best(self, inputs):
        return max(inputs, key=lambda store: store.points)

    def gather(self, inputs, field):
        self.gathered.append(field)
        return [getattr(store, field) for store in inputs]

    @step
    def start(self):
        self.stores = [
            {"city": "oslo", "sales": 7},
            {"city": "bern", "sales": 12},
            {"city": "lima", "sales": 9},
        ]
        self.next(self.rate, foreach="stores")

    @step
    def rate(self):
        self.label = self.key()
        self.points = self.score()
        self.next(self.adjust)

    @step
    def adjust(self):
        if self.is_last():
            self.points = self.score(bonus=20)
        self.seen = (self.key(), self.index, self.input["city"])
        self.next(self.rank)

    @step
    def rank(self, inputs):
        self.gathered = []
        self.points = self.gather(inputs, "points")
        self.labels = self.gather(inputs, "label")
        winner = self.best(inputs)
        self.winner = (winner.label, winner.position, winner.points)
        self.seen = [store.seen for store in inputs]
        self.next(self.end)

    @step
    def end(self):
        print(self.winner, self.points, self.labels, self.gathered)


if __name__ == "__main__":
    StoresFlow()
