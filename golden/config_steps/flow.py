import json

from metaflow import Config, FlowSpec, step


def refused(change):
    """The error that a change gives."""
    try:
        change()
    except (AttributeError, KeyError, TypeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


class InspectFlow(FlowSpec):
    """Looks at its config in all ways that there are."""

    cfg = Config(
        "cfg",
        default_value={
            "name": "inspect",
            "items": 3,
            "model": {"layers": [8, {"units": 4}], "rate": 0.1},
            "empty": {},
            "none": None,
            "unicode": "naïve – \"quoted\"",
            "big": 12345678901234567890,
            "odd-key": [True, 1.0, -2],
        },
    )

    @step
    def start(self):
        self.scalars = (self.cfg.name, self.cfg["items"], self.cfg.model.rate, self.cfg.none)
        self.odd = self.cfg["odd-key"]
        self.known = ("model" in self.cfg, "zz" in self.cfg, len(self.cfg), bool(self.cfg.empty))
        self.kinds = (isinstance(self.cfg, dict), type(self.cfg.model).__name__)
        self.keys = list(self.cfg)
        self.pairs = sorted((key, str(value)) for key, value in self.cfg.items())
        self.dumped = json.dumps(self.cfg)
        self.plain = self.cfg.to_dict()
        self.merged = {**self.cfg.model, "rate": 0.2}
        self.got = (self.cfg.get("zz"), self.cfg.get("zz", 7), self.cfg.get("name"))
        self.shown = f"{self.cfg.model} {self.cfg.big} {self.cfg.unicode}"
        self.units = self.cfg.model.layers[1].units
        self.model = self.cfg.model
        self.next(self.change)

    @step
    def change(self):
        self.errors = [
            refused(lambda: setattr(self.cfg, "name", "x")),
            refused(lambda: self.cfg.__setitem__("name", "x")),
            refused(lambda: self.cfg.update(name="x")),
            refused(lambda: self.cfg.model.pop("rate")),
            refused(lambda: self.cfg.model.clear()),
            refused(lambda: self.cfg.zz),
            refused(lambda: self.cfg["zz"]),
        ]
        try:
            self.cfg.model.rate = 1
        except TypeError as error:
            self.message = str(error)
        self.cfg.model.layers.append(16)
        self.longer = list(self.cfg.model.layers)
        self.model.layers.append(2)
        self.own = self.model.to_dict()
        self.next(self.look)

    @step
    def look(self):
        config = self.cfg
        self.unchanged = config.model.layers
        self.same = config == self.plain
        self.there = (hasattr(self, "cfg"), getattr(self, "cfg").name)
        self.total = sum(len(str(value)) for value in config.values())
        self.next(self.end)

    @step
    def end(self):
        print(self.unchanged, self.model, self.errors)


if __name__ == "__main__":
    InspectFlow()
