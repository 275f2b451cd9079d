"""Components by their ids: replaced, deleted, cleared."""

from metaflow import FlowSpec, card, current, step
from metaflow.cards import Artifact, Markdown


class EditFlow(FlowSpec):
    @card(type="blank")
    @step
    def start(self):
        current.card.append(Markdown("first"), id="a")
        current.card.append(Markdown("second"), id="b")
        current.card.append(Markdown("third"), id="a")  # takes the place of the first
        shown = current.card.components
        del shown["b"]
        shown["c"] = Artifact({"n": 1}, name="c")
        self.problems = []
        try:
            shown["c"] = Markdown("not in its place")
        except Exception as error:
            self.problems.append(type(error).__name__ != "")
        try:
            del shown["nothing"]
        except KeyError:
            self.problems.append("no such id")
        try:
            current.card.append(Markdown("x"), id=5)
        except TypeError as error:
            self.problems.append(str(error))
        self.ids = shown.keys()
        self.has = ("a" in shown, "b" in shown, len(shown))
        self.next(self.cleared)

    @card(type="blank")
    @step
    def cleared(self):
        twice = Markdown("once")
        current.card.extend([twice, twice])
        self.count = len(current.card.components)
        current.card.clear()
        current.card.append(Markdown("all that is left"))
        self.next(self.end)

    @step
    def end(self):
        print(self.ids, self.count)


if __name__ == "__main__":
    EditFlow()
