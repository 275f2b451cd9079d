from metaflow import FlowSpec, Parameter, step


class ParameterNamesFlow(FlowSpec):
    """Option names that are not the attribute's name."""

    learning_rate = Parameter("learning-rate", help="Dashes are fine in an option", default=0.1)
    epochs = Parameter("num-epochs", help="Attribute and option differ", default=3)
    Seed = Parameter("seed", help="Only the case differs", default=7)
    dataset = Parameter("class", help="The option is a keyword of Python", default="iris")
    max_depth = Parameter("MaxDepth", help="An option in camel case", default=2)

    @step
    def start(self):
        self.rates = [self.learning_rate / (epoch + 1) for epoch in range(self.epochs)]
        self.next(self.end)

    @step
    def end(self):
        self.summary = f"{self.dataset}: seed {self.Seed}, depth {self.max_depth}, last rate {self.rates[-1]:.4f}"
        print(self.summary)


if __name__ == "__main__":
    ParameterNamesFlow()
