import features
from helpers.clean import tidy
from metaflow import FlowSpec, step


class HousesFlow(FlowSpec):
    """Clean a few houses with the modules beside this file."""

    UNIT = features.AREA_UNIT

    @step
    def start(self):
        self.raw = [("  Main  Street 5, Bern", 120, 4), ("Long Road 1,  Oslo ", 95, 3)]
        self.names = [tidy(text) for text, _, _ in self.raw]
        self.next(self.build)

    @step
    def build(self):
        import helpers.clean as cleaning
        from helpers.clean import Address

        self.addresses = [Address(text) for text, _, _ in self.raw]
        self.cities = [address.city for address in self.addresses]
        self.first = cleaning.tidy(self.raw[0][0])
        self.rooms = [features.per_room(area, rooms) for _, area, rooms in self.raw]
        self.calls = len(features.calls)
        self.next(self.end)

    @step
    def end(self):
        self.middle = features.middle(self.rooms)
        self.text = f"{self.middle} {self.UNIT}"
        print(self.names, self.cities, self.text, self.calls)


if __name__ == "__main__":
    HousesFlow()
