from metaflow import Config, FlowSpec, Parameter, catch, retry, step


def scaled(config, factor):
    return {name: value * factor for name, value in config.items()}


class HelperFlow(FlowSpec):
    """Its helpers read configs, and one of them changes a list in one."""

    model = Config("model", default_value={"weights": {"a": 1, "b": 2}, "layers": [8, 4]})
    notes = Config("notes", default_value={"lines": []})

    rate = Parameter(
        "rate", type=float, default=lambda context: context.configs.model.weights.a / 4
    )

    @property
    def width(self):
        return max(self.model.layers)

    def note(self, text):
        self.notes.lines.append(text)
        self.noted = len(self.notes.lines)

    def depth(self):
        return len(self.model.layers)

    @staticmethod
    def total(weights):
        return sum(weights[name] for name in weights)

    @step
    def start(self):
        self.scaled = scaled(self.model.weights, self.width)
        self.sum = self.total(self.model.weights) + self.depth() + self.rate
        self.note("start")
        self.note("again")
        self.next(self.left, self.right)

    @catch(var="problem")
    @retry(times=1, minutes_between_retries=0)
    @step
    def left(self):
        inner = [layer * self.model.weights.b for layer in self.model.layers]

        def widest():
            return max(inner) + self.model.weights["a"]

        self.widest = widest()
        self.lost = self.model.weights.c
        self.next(self.join)

    @step
    def right(self):
        layers = self.model.layers
        layers.append(2)
        self.layers = layers
        self.seen = len(self.model.layers)
        self.note("right")
        self.next(self.join)

    @step
    def join(self, inputs):
        self.note("join")
        self.after = self.model.layers
        self.given = [each.model.weights.a for each in inputs]
        self.problem = str(inputs.left.problem)[-9:-1]
        self.merge_artifacts(inputs, exclude=["noted", "model"])
        self.next(self.end)

    @step
    def end(self):
        print(self.scaled, self.sum, self.widest, self.layers, self.after, self.problem)


if __name__ == "__main__":
    HelperFlow()
