"""Finds the terms of a glossary in a letter, which comes from an old text processor."""

from metaflow import FlowSpec, IncludeFile, Parameter, step


class GlossaryFlow(FlowSpec):
    """Which terms of the glossary the letter uses, and how often."""

    letter = IncludeFile(
        "letter", help="The letter, in Latin-1.", default="letter.txt", encoding="latin-1"
    )
    # one term on each line
    glossary = IncludeFile("glossary", help="The terms.", default="glossary.txt")
    least = Parameter("least", help="Terms that are there less often do not count.", default=1)

    @step
    def start(self):
        """Metaflow reads text with universal newlines."""
        self.terms = [term for term in self.glossary.split("\n") if term]
        self.lines = self.letter.splitlines()
        self.next(self.count)

    @step
    def count(self):
        text = self.letter.lower()
        counts = {term: text.count(term.lower()) for term in self.terms}
        self.found = {term: n for term, n in counts.items() if n >= self.least}
        self.next(self.end)

    @step
    def end(self):
        self.letter_text = self.letter
        print(f"{len(self.found)} of {len(self.terms)} terms in {len(self.lines)} lines")


if __name__ == "__main__":
    GlossaryFlow()
