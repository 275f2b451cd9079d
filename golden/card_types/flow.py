"""Types of cards besides the default one, and attributes without a counterpart."""

from metaflow import FlowSpec, Parameter, card, step


class TypesFlow(FlowSpec):
    who = Parameter("who", default="world")

    @card(type="default_json", rank="high")
    @card(type="taskspec_card", timeout=10)
    @card(type="error")
    @step
    def start(self):
        self.text = f"hello {self.who}"
        self.next(self.odd)

    @card(id="my card", scope="run")
    @card(type="blank", id="same")
    @card(id="same", options={"max_artifact_size": 1000})
    @step
    def odd(self):
        self.length = len(self.text)
        self.next(self.end)

    @step
    def end(self):
        print(self.length)


if __name__ == "__main__":
    TypesFlow()
