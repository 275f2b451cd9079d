import yaml

from metaflow import Config, FlowSpec, step


def read_lines(text):
    return dict(line.split("=") for line in text.splitlines())


class ManyFlow(FlowSpec):
    """Configs that Metaflow refuses, and some that only running the flow could tell."""

    both = Config("both", default="both.json", default_value={})
    taken = Config("run-id")
    _hidden = Config("hidden", default_value={})
    again = Config("twice", default_value={})
    twice = Config("twice", default_value={})
    wanted = Config("wanted", required=True)
    missing = Config("missing", default="nowhere.json")
    broken = Config("broken", default_value='{"a": }')
    listed = Config("listed", default_value="[1, 2]")
    dated = Config("dated", default_value="day: 2024-01-01", parser=yaml.safe_load)
    lines = Config("lines", default_value="a=1", parser=read_lines)
    inline = Config("inline", default_value="{}", parser=lambda text: {"text": text})
    unknown = Config("unknown", default_value="{}", parser="my_parsers.read")
    computed = Config("computed", default=lambda context: f"{context.user_name}.json")
    option = Config("option", default_value={}, separator=",")
    number = Config("number", default_value=3)

    @step
    def start(self):
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    ManyFlow()
