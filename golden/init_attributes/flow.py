from metaflow import FlowSpec, step


class CatalogueFlow(FlowSpec):
    """What the constructor sets is there anew in every step."""

    def __init__(self, *args, **kwargs):
        self.shelves = ["a", "b"]
        self.opened = False
        super().__init__(*args, **kwargs)

    @step
    def start(self):
        self.shelves.append("c")
        self.opened = True
        self.first = (list(self.shelves), self.opened)
        self.next(self.end)

    @step
    def end(self):
        self.second = (list(self.shelves), self.opened)
        print(self.first, self.second)


if __name__ == "__main__":
    CatalogueFlow()
