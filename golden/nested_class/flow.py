from dataclasses import asdict, dataclass

from metaflow import FlowSpec, Parameter, step


class ShipmentFlow(FlowSpec):
    """Parcels that are classes of the flow while a step works on them."""

    maximum = Parameter("maximum", help="Kilograms per parcel", default=20.0)

    @dataclass
    class _Parcel:
        city: str
        weight: float
        fragile: bool = False

        def price(self, rate):
            return round(self.weight * rate * (2 if self.fragile else 1), 2)

    class _Rates:
        near = 0.5
        far = 1.25

        @classmethod
        def of(cls, city):
            return cls.near if city in ("bern", "basel") else cls.far

    def parcels(self):
        return [self._Parcel(**row) for row in self.rows]

    @step
    def start(self):
        self.rows = [
            {"city": "bern", "weight": 4.0},
            {"city": "oslo", "weight": 12.0, "fragile": True},
            {"city": "lima", "weight": 30.0},
        ]
        self.cities = [parcel.city for parcel in self.parcels()]
        self.next(self.price)

    @step
    def price(self):
        kept = [parcel for parcel in self.parcels() if parcel.weight <= self.maximum]
        self.kept = [asdict(parcel) for parcel in kept]
        self.prices = {parcel.city: parcel.price(self._Rates.of(parcel.city)) for parcel in kept}
        self.next(self.end)

    @step
    def end(self):
        sample = self._Parcel("basel", 1.0)
        self.equal = sample == self._Parcel("basel", 1.0, fragile=False)
        self.cheapest = sample.price(self._Rates.near)
        print(self.cities, self.kept, self.prices, self.cheapest)


if __name__ == "__main__":
    ShipmentFlow()
