from metaflow import FlowSpec, step


class FeatureListFlow(FlowSpec):
    """Columns that a step adds to the class's own list are gone in the next step."""

    COLUMNS = ["age", "income"]
    OPTIONS = {"scale": True, "nested": {"depth": 1}}
    _cache = {}
    _seen = []

    def remember(self, name):
        self._cache[name] = len(self._cache)
        self._seen.append(name)

    @step
    def start(self):
        self.COLUMNS.append("city")
        self.OPTIONS["nested"]["depth"] += 4
        self.OPTIONS["extra"] = 1
        self.remember("start")
        self.columns = self.COLUMNS
        self.options = self.OPTIONS
        self.cached = dict(self._cache)
        self.next(self.select)

    @step
    def select(self):
        self.fresh_columns = list(self.COLUMNS)
        self.fresh_depth = self.OPTIONS["nested"]["depth"]
        self.fresh_keys = list(self.OPTIONS)
        self.remember("select")
        self.fresh_cache = dict(self._cache)
        self.fresh_seen = list(self._seen)
        self.columns.append("zip")
        self.next(self.end)

    @step
    def end(self):
        self.same = [self.columns is self.COLUMNS, self.COLUMNS is self.COLUMNS]
        self.last = (list(self.COLUMNS), dict(self._cache), list(self._seen))
        print(self.columns, self.fresh_columns, self.options, self.fresh_cache, self.last)


if __name__ == "__main__":
    FeatureListFlow()
