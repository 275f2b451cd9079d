from metaflow import FlowSpec, Parameter, step


class GuardedFlow(FlowSpec):
    """Constants and parameters cannot be replaced in a step."""

    MODEL = "linear"
    LAYERS = [8, 4]
    rounds = Parameter("rounds", default=3)

    def rename(self, name):
        self.MODEL = name

    @step
    def start(self):
        self.problems = []
        try:
            self.MODEL = "tree"
        except AttributeError as error:
            self.problems.append(("MODEL", str(error)))
        try:
            self.rounds = 10
        except AttributeError as error:
            self.problems.append(("rounds", str(error)))
        self.model = self.MODEL
        self.next(self.train)

    @step
    def train(self):
        for name, value in (("MODEL", "deep"), ("LAYERS", []), ("rounds", 0), ("extra", 1)):
            try:
                setattr(self, name, value)
            except AttributeError:
                self.problems.append(name)
        try:
            self.rename("other")
            self.renamed = True
        except AttributeError:
            self.renamed = False
        try:
            self.rounds += 1
        except AttributeError as error:
            self.type_of_error = type(error).__name__
        try:
            del self.MODEL
        except AttributeError as error:
            self.deleted = type(error).__name__
        self.LAYERS[0] = 16
        self.layers = self.LAYERS
        self.next(self.end)

    @step
    def end(self):
        self.after = [self.MODEL, self.LAYERS, self.rounds, self.extra, self.model]
        print(self.problems, self.renamed, self.after)


if __name__ == "__main__":
    GuardedFlow()
