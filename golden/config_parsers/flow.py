from metaflow import Config, FlowSpec, requirements_txt_parser, step, yaml_parser


class FormatsFlow(FlowSpec):
    """A config of each format that is read without running code of the flow."""

    train = Config("train", default="train.yml", parser=yaml_parser)
    tool = Config("tool", default="tool.toml", parser="tomllib.loads")
    project = Config("project", default="project.toml", parser=".pyproject_toml_parser")
    pinned = Config("pinned", default="requirements.txt", parser=requirements_txt_parser)
    conda = Config(
        "conda",
        default="environment.yml",
        parser="metaflow.plugins.pypi.parsers.conda_environment_yml_parser",
    )
    cities = Config("cities", default="cities.yml", parser=yaml_parser, plain=True)

    @step
    def start(self):
        self.rates = [self.train.optimizer.rate, self.train.optimizer["momentum"]]
        self.kinds = [type(value).__name__ for value in self.train.values()]
        self.tables = self.tool.tool.train
        self.packages = (self.project.packages, self.pinned.packages, self.conda.packages)
        self.pythons = (self.project.python, self.pinned.python, self.conda.python)
        self.next(self.visit, foreach="cities")

    @step
    def visit(self):
        self.cities.append("nowhere")
        self.city = (self.input, len(self.cities))
        self.next(self.join)

    @step
    def join(self, inputs):
        self.visited = [each.city for each in inputs]
        self.left = self.cities
        self.merge_artifacts(inputs, exclude=["city"])
        self.next(self.end)

    @step
    def end(self):
        print(self.rates, self.packages, self.pythons, self.visited, self.left)


if __name__ == "__main__":
    FormatsFlow()
