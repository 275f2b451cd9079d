from metaflow import FlowSpec, Parameter, step


class BatchesFlow(FlowSpec):
    """Cut a list of orders into batches."""

    size = Parameter("size", help="Orders per batch", default=2)

    def batches(self, orders):
        """Notes every batch when it is asked for, not before."""
        for start in range(0, len(orders), self.size):
            self.cut += 1
            yield orders[start : start + self.size]

    def flattened(self, nested):
        for batch in nested:
            if isinstance(batch, list):
                yield from self.flattened(batch)
            else:
                yield batch

    def total(self, *amounts, **fees):
        self.calls.append((amounts, fees))
        return sum(amounts) + sum(fees.values())

    def forward(self, *args, **kwargs):
        return self.total(*args, rounding=1, **kwargs)

    def counter(self, field):
        def count(order):
            seen = getattr(self, field)
            seen[order] = seen.get(order, 0) + 1
            self.last = order
            return seen[order]

        return count

    @step
    def start(self):
        self.orders = [5, 3, 5, 8, 1]
        self.cut = 0
        self.calls = []
        first = next(self.batches(self.orders))
        self.first, self.cut_first = first, self.cut
        self.next(self.pack)

    @step
    def pack(self):
        self.packed = [sum(batch) for batch in self.batches(self.orders)]
        self.flat = list(self.flattened([1, [2, [3, []]], [4]]))
        self.price = self.total(*self.packed, shipping=4)
        self.forwarded = self.forward(10, 20, shipping=5)
        self.next(self.end)

    @step
    def end(self):
        self.frequency = {}
        count = self.counter("frequency")
        self.ranks = [count(order) for order in self.orders]
        print(self.cut, self.calls, self.last, self.ranks)


if __name__ == "__main__":
    BatchesFlow()
