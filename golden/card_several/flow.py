"""Several cards in a step: which one is meant, and what happens where that is not clear."""

import metaflow.cards as mc
from metaflow import FlowSpec, card, current, step


class TrainFlow(FlowSpec):
    @card
    @card(type="blank", id="scores", refresh_interval=1)
    @step
    def start(self):
        self.scores = {"ridge": 0.71, "lasso": 0.64}
        for name, score in self.scores.items():
            current.card["scores"].append(mc.Markdown(f"{name}: {score}"))
        current.card.append(mc.Markdown("# Training"))  # the one without an id
        self.next(self.choose)

    @card(type="blank", id="winner")
    @card(type="blank", id="log", customize=True)
    @step
    def choose(self):
        self.best = max(self.scores, key=self.scores.get)
        current.card["winner"] = [mc.Markdown(f"# {self.best}"), mc.Artifact(self.scores)]
        current.card.append(mc.Markdown("chosen by score"))
        current.card.extend([mc.Markdown("one"), "no component", mc.Markdown("two")])
        self.shown = len(list(current.card["winner"]))
        self.next(self.unclear)

    @card(id="first")
    @card(id="second")
    @step
    def unclear(self):
        current.card.append(mc.Markdown("in neither of them"))
        current.card["third"].append(mc.Markdown("in none"))
        self.missing = current.card["third"]
        self.kinds = [len(current.card.get(type=kind)) for kind in ("default", "blank")]
        self.next(self.end)

    @step
    def end(self):
        try:
            current.card.append(mc.Markdown("this step has no card"))
        except AttributeError:
            self.has_card = False


if __name__ == "__main__":
    TrainFlow()
