from metaflow import FlowSpec, step


class RegionsFlow(FlowSpec):
    """Helpers that know where they are in two nested foreaches."""

    def where(self):
        return "/".join(f"{index}of{n}" for index, n, _ in self.foreach_stack())

    def names(self):
        return [str(value) for _, _, value in self.foreach_stack()]

    def pair(self):
        return (self.index, self.input)

    def pick(self, inputs, name):
        return [getattr(each, name) for each in inputs]

    @step
    def start(self):
        self.regions = ["north", "south"]
        self.place = self.where()
        self.outside = self.pair()
        self.next(self.region, foreach="regions")

    @step
    def region(self):
        self.region_name = self.input
        self.cities = [f"{self.input}-{n}" for n in range(self.index + 1)]
        self.next(self.city, foreach="cities")

    @step
    def city(self):
        self.found = (self.where(), self.names(), self.pair(), self.region_name)
        self.next(self.join_cities)

    @step
    def join_cities(self, inputs):
        self.found = self.pick(inputs, "found")
        self.position = self.where_index()
        self.next(self.join_regions)

    def where_index(self):
        return [index for index, _, _ in self.foreach_stack()]

    @step
    def join_regions(self, inputs):
        self.found = self.pick(inputs, "found")
        self.positions = self.pick(inputs, "position")
        self.pairs = [each.index for each in inputs]
        self.next(self.end)

    @step
    def end(self):
        self.place = self.where()
        print(self.found, self.positions, self.pairs, self.place)


if __name__ == "__main__":
    RegionsFlow()
