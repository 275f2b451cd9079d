# -*- coding: latin-1 -*-
"""Ein Ablauf in Latin-1: Größe, Übung, façade."""
from metaflow import FlowSpec, Parameter, step

CURRENCY = "£ und ¥"


def greeting(name):
    return f"Grüß Gott, {name}"


class WideUnicodeFlow(FlowSpec):
    """Zählt Städte. ½ ± 2 µm"""

    street = Parameter("street", help="Name der Straße", default="Königsallee")

    @step
    def start(self):
        # Umlaute in Kommentaren: äöü
        self.cities = ["Köln", "Düsseldorf", "Zürich"]
        self.count = len(self.cities)
        self.next(self.end)

    @step
    def end(self):
        self.text = f"{greeting(self.street)}: {self.count} {CURRENCY}"
        self.codes = [ord(c) for c in self.cities[0]]
        self.encoded = self.text.encode("utf-8")
        print(self.text)


if __name__ == "__main__":
    WideUnicodeFlow()
