"""A card that is refreshed while the step runs."""

from metaflow import FlowSpec, card, current, step, timeout
from metaflow.cards import Markdown, ProgressBar


class CountFlow(FlowSpec):
    @timeout(minutes=2)
    @card(refresh_interval=0)
    @step
    def start(self):
        bar = ProgressBar(max=3, label="Rows")
        current.card.append(bar, id="bar")
        self.total = 0
        for number in range(1, 4):
            self.total += number
            bar.update(number)
            current.card.refresh()
        self.next(self.middle)

    @card(type="blank", id="status", save_errors=False)
    @step
    def middle(self):
        card_of_step = current.card["status"]
        card_of_step.append(Markdown("running"), id="state")
        card_of_step.refresh({"state": "running"})
        card_of_step.components["state"].update("done")
        card_of_step.components["nothing"].update("has no effect")
        self.ids = card_of_step.components.keys()
        self.next(self.end)

    @step
    def end(self):
        print(self.total)


if __name__ == "__main__":
    CountFlow()
