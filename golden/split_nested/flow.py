from metaflow import FlowSpec, step


class SplitNestedFlow(FlowSpec):
    """The text branch splits once more, and is joined on its own before the rest."""

    @step
    def start(self):
        self.product = {"title": "Blue Mug", "text": "A mug. Holds tea.", "price": 12.5, "stock": 4}
        self.next(self.texts, self.numbers)

    @step
    def texts(self):
        self.title = self.product["title"].lower()
        self.next(self.tokens, self.sentences)

    @step
    def tokens(self):
        self.found = self.title.split()
        self.next(self.join_texts)

    @step
    def sentences(self):
        self.found = [part.strip() for part in self.product["text"].split(".") if part.strip()]
        self.next(self.join_texts)

    @step
    def join_texts(self, inputs):
        self.tokens_found = inputs.tokens.found
        self.sentences_found = inputs.sentences.found
        self.title = inputs.tokens.title
        self.next(self.describe)

    @step
    def describe(self):
        self.text_features = {"title": self.title, "tokens": len(self.tokens_found),
                              "sentences": len(self.sentences_found)}
        self.next(self.join_all)

    @step
    def numbers(self):
        self.value = self.product["price"] * self.product["stock"]
        self.next(self.join_all)

    @step
    def join_all(self, inputs):
        self.features = {**inputs.describe.text_features, "value": inputs.numbers.value}
        self.product = inputs.numbers.product
        self.next(self.end)

    @step
    def end(self):
        print(self.product["title"], self.features)


if __name__ == "__main__":
    SplitNestedFlow()
