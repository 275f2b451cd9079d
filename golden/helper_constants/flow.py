from metaflow import FlowSpec, step


class WeatherFlow(FlowSpec):
    """Readings of two stations, in the units of the report."""

    UNIT = "F"
    LIMITS = (14.0, 104.0)
    STATIONS = {"north": -3.5, "south": 2.0}
    _DIGITS = 1

    def converted(self, celsius):
        if self.UNIT == "F":
            return round(celsius * 9 / 5 + 32, self._DIGITS)
        return celsius

    def within(self, value):
        low, high = self.LIMITS
        return low <= value <= high

    def offset(self, station):
        return self.STATIONS.get(station, 0.0)

    @step
    def start(self):
        self.readings = [("north", -20.0), ("south", 21.5), ("north", 3.0), ("west", 45.0)]
        self.known = [station for station, _ in self.readings if station in self.STATIONS]
        self.next(self.convert)

    @step
    def convert(self):
        self.values = [self.converted(value + self.offset(name)) for name, value in self.readings]
        self.valid = [value for value in self.values if self.within(value)]
        self.next(self.end)

    @step
    def end(self):
        self.title = f"{len(self.valid)} of {len(self.values)} readings in {self.UNIT}"
        self.span = self.LIMITS[1] - self.LIMITS[0]
        self.freezing = self.converted(0)
        print(self.title, self.valid, self.span)


if __name__ == "__main__":
    WeatherFlow()
