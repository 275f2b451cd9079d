from metaflow import FlowSpec, Parameter, step


class TicketFlow(FlowSpec):
    """Send a support ticket to the right desk."""

    text = Parameter("text", help="What the customer wrote", default="my invoice is wrong")
    _WORDS = {"billing": ("invoice", "refund"), "outage": ("down", "slow")}

    def classify(self):
        for desk, words in self._WORDS.items():
            if any(word in self.text for word in words):
                self.route(desk)
                return
        self.route("other")

    def route(self, desk):
        self.desk = desk
        self.urgent = desk == "outage"

    def answer(self, text):
        self.reply = f"[{self.desk}] {text}"

    @step
    def start(self):
        self.classify()
        self.next(
            {"billing": self.billing, "outage": self.outage, "other": self.close},
            condition="desk",
        )

    @step
    def billing(self):
        self.answer("we will check your invoice")
        self.next(self.close)

    @step
    def outage(self):
        self.answer("we are on it")
        self.pager = len(self.text)
        self.next(self.close)

    @step
    def close(self):
        if not hasattr(self, "reply"):
            self.answer("thank you")
        self.next(self.end)

    @step
    def end(self):
        self.log = [self.desk, self.urgent, self.reply, getattr(self, "pager", None)]
        print(self.log)


if __name__ == "__main__":
    TicketFlow()
