from metaflow import FlowSpec, Parameter, catch, step


class BestModelFlow(FlowSpec):
    """Trains two models, of which some may fail, and goes on with the best."""

    broken = Parameter("broken", help="How many of the models fail", default=0)

    @step
    def start(self):
        self.rows = [3, 4]
        self.next(self.forest, self.vector)

    @catch(var="problem")
    @step
    def forest(self):
        if self.broken > 1:
            raise ValueError("no forest")
        self.model, self.score = "forest", 0.8
        self.next(self.choose)

    @catch(var="problem")
    @step
    def vector(self):
        if self.broken:
            raise ValueError("no vector")
        self.model, self.score = "vector", 0.9
        self.notes = ["slow"]
        self.next(self.choose)

    @step
    def choose(self, inputs):
        self.scores = {each.model: each.score for each in inputs if hasattr(each, "model")}
        if self.scores:
            self.model = max(self.scores, key=self.scores.get)
            self.score = self.scores[self.model]
        if self.broken:
            self.notes = [f"{self.broken} failed"]
        self.merge_artifacts(inputs, exclude=["problem", "_catch_exception"])
        self.found = hasattr(self, "model")
        self.next(self.parts)

    @step
    def parts(self):
        self.next(self.part, foreach="rows")

    @step
    def part(self):
        self.largest = self.input
        self.next(self.together)

    @step
    def together(self, inputs):
        if sum(each.largest for each in inputs) > 5:
            self.largest = max(each.largest for each in inputs)
        self.merge_artifacts(inputs)
        self.next(self.end)

    @step
    def end(self):
        self.summary = [getattr(self, "model", None), self.notes, self.largest]
        print(self.summary, self.scores)


if __name__ == "__main__":
    BestModelFlow()
