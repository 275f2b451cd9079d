"""Routes parcels: the file is needed in every kind of step."""

import json

from metaflow import FlowSpec, IncludeFile, Parameter, step


def parse_parcels(text):
    return [line.split(";") for line in text.splitlines() if line]


class ParcelFlow(FlowSpec):
    """From a list of parcels to tours."""

    parcels = IncludeFile("parcels", default="parcels.csv", parser=parse_parcels)
    zones = IncludeFile("zones", default="zones.json", parser=json.loads)
    mode = IncludeFile("mode", default="mode.txt", parser=str.strip)
    rounds = Parameter("rounds", default=2)

    @step
    def start(self):
        self.next(self.weigh, foreach="parcels")

    @step
    def weigh(self):
        name, city, weight = self.input
        self.parcel = (name, self.zones[city], int(weight))
        self.next(self.check, foreach="parcels")

    @step
    def check(self):
        self.heavier = int(self.input[2]) > self.parcel[2] or self.zones == {}
        self.next(self.checked)

    @step
    def checked(self, inputs):
        self.rank = sum(i.heavier for i in inputs)
        self.cities = len(inputs[0].zones)
        self.merge_artifacts(inputs, include=["parcel"])
        self.next(self.collect)

    @step
    def collect(self, inputs):
        first = inputs[0].zones
        first["seen"] = 1
        self.ranked = sorted((i.rank, i.parcel) for i in inputs)
        self.separate = [sorted(i.zones) for i in inputs]
        self.done = 0
        self.next(self.pack)

    @step
    def pack(self):
        self.done += 1
        self.more = "yes" if self.done < self.rounds + len(self.zones) - 3 else "no"
        self.next({"yes": self.pack, "no": self.choose}, condition="more")

    @step
    def choose(self):
        self.next({"express": self.express, "slow": self.slow}, condition="mode")

    @step
    def express(self):
        self.tours = [[parcel] for _, parcel in self.ranked]
        self.next(self.end)

    @step
    def slow(self):
        self.tours = [
            [parcel for _, parcel in self.ranked if parcel[1] == zone]
            for zone in self.zones.values()
        ]
        self.next(self.end)

    @step
    def end(self):
        print(self.tours)


if __name__ == "__main__":
    ParcelFlow()
