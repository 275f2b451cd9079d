from metaflow import FlowSpec, step


def public(namespace):
    return sorted(name for name in namespace if name.islower() and not name.startswith("_"))


class SnapshotFlow(FlowSpec):
    """Look at a step's own dictionary of attributes."""

    @step
    def start(self):
        self.city = "oslo"
        self.visitors = [120, 80]
        self.rating = 4.5
        self.__dict__.update({"opened": 1998, "closed": None})
        self.seen_start = public(vars(self))
        self.next(self.update)

    @step
    def update(self):
        total = sum(self.visitors)
        # only what this step has read or set so far
        self.seen = {name: vars(self)[name] for name in public(self.__dict__)}
        self.__dict__["total"] = total
        vars(self).update({"rating": 3.5, "reviewed": True})
        self.has_city = "city" in self.__dict__
        self.city_name = self.city.upper()
        self.has_city_now = "city" in self.__dict__
        self.next(self.end)

    @step
    def end(self):
        self.values = [self.opened, self.closed, self.total, self.rating, self.reviewed]
        self.by_dict = self.__dict__.get("rating", 0), self.__dict__.get("city", "not read")
        print(self.seen_start, self.seen, self.has_city, self.values, self.by_dict)


if __name__ == "__main__":
    SnapshotFlow()
