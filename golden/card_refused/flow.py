"""Cards that need code of extensions, or of Metaflow itself."""

from metaflow import FlowSpec, card, current, step
from metaflow.cards import MetaflowCardComponent, get_cards


class Badge(MetaflowCardComponent):
    def render(self):
        return "<b>badge</b>"


class RefusedFlow(FlowSpec):
    @card(type="html")
    @card(id=7)
    @card(timeout="soon")
    @card(options="title")
    @step
    def start(self):
        self.html = "<b>a card of an extension</b>"
        current.card.append(Badge())
        self.next(self.end)

    @step
    def end(self):
        print(get_cards("RefusedFlow/1/start/1"))


if __name__ == "__main__":
    RefusedFlow()
