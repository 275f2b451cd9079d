from metaflow import FlowSpec, Parameter, step


class UnicodeIdentifiersFlow(FlowSpec):
    """Names outside of ASCII: artifacts, a parameter's attribute, locals and functions."""

    größe = Parameter("groesse", help="Wie viele Städte", default=2)

    @step
    def start(self):
        self.städte = ["Köln", "Zürich", "Łódź"][: self.größe]
        self.α = 0.5
        self.next(self.end)

    @step
    def end(self):
        länge = max(len(stadt) for stadt in self.städte)
        self.ergebnis = länge * self.α
        self.ﬁt = "Python reads this name with two letters: fit"
        print(self.ergebnis, self.fit)


if __name__ == "__main__":
    UnicodeIdentifiersFlow()
