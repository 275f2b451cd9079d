from metaflow import FlowSpec, step


class MergePresetFlow(FlowSpec):
    """What the join sets before it merges wins over the branches, however they differ."""

    @step
    def start(self):
        self.history = ["start"]
        self.texts = ["good", "bad", "good"]
        self.next(self.positive, self.negative)

    @step
    def positive(self):
        self.history.append("positive")
        self.share = self.texts.count("good") / len(self.texts)
        self.lexicon = {"good"}
        self.next(self.join)

    @step
    def negative(self):
        self.history.append("negative")
        self.share = self.texts.count("bad") / len(self.texts)
        self.lexicon = {"bad"}
        self.next(self.join)

    @step
    def join(self, inputs):
        self.share = {"positive": inputs.positive.share, "negative": inputs.negative.share}
        self.history = sorted(inp.history[-1] for inp in inputs)
        self.lexicon = inputs.positive.lexicon | inputs.negative.lexicon
        self.texts = None
        self.merge_artifacts(inputs)
        self.history.append("join")
        self.next(self.end)

    @step
    def end(self):
        print(self.share, self.history, sorted(self.lexicon), self.texts)


if __name__ == "__main__":
    MergePresetFlow()
