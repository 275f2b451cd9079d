from metaflow import FlowSpec, step


class NestedThreeFlow(FlowSpec):
    """Countries, their cities, and the sensors of each city."""

    @step
    def start(self):
        self.network = {"de": {"berlin": [3, 5]}, "fr": {"lyon": [4], "paris": [9]}}
        self.countries = list(self.network)
        self.next(self.country, foreach="countries")

    @step
    def country(self):
        self.country_code = self.input
        self.cities = list(self.network[self.country_code])
        self.next(self.city, foreach="cities")

    @step
    def city(self):
        self.city_name = self.input
        self.sensors = self.network[self.country_code][self.city_name]
        self.next(self.sensor, foreach="sensors")

    @step
    def sensor(self):
        self.reading = self.input * 10 + self.index
        self.path = [frame[0] for frame in self.foreach_stack()]
        self.next(self.join_sensors)

    @step
    def join_sensors(self, inputs):
        self.readings = [inp.reading for inp in inputs]
        self.paths = [inp.path for inp in inputs]
        self.merge_artifacts(inputs, include=["city_name", "country_code"])
        self.next(self.join_cities)

    @step
    def join_cities(self, inputs):
        self.by_city = {inp.city_name: inp.readings for inp in inputs}
        self.paths = [path for inp in inputs for path in inp.paths]
        self.country_code = inputs[0].country_code
        self.next(self.join_countries)

    @step
    def join_countries(self, inputs):
        self.by_country = {inp.country_code: inp.by_city for inp in inputs}
        self.paths = [path for inp in inputs for path in inp.paths]
        self.next(self.end)

    @step
    def end(self):
        print(self.by_country, self.paths)


if __name__ == "__main__":
    NestedThreeFlow()
