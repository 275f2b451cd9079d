import uuid
from pathlib import Path

from metaflow import FlowSpec, step

NOTES = Path("constants_evaluated.notes")


class TokenFlow(FlowSpec):
    """A token that every task makes for itself, not one for the whole run."""

    TOKEN = uuid.uuid4().hex
    FILES = [f"{TOKEN}.csv", f"{TOKEN}.json"]

    def written(self):
        return NOTES.read_text().split()

    @step
    def start(self):
        NOTES.write_text(f"{self.TOKEN} ")
        self.length = len(self.TOKEN)
        self.stable = self.TOKEN == self.TOKEN
        self.next(self.upload)

    @step
    def upload(self):
        with NOTES.open("a") as notes:
            notes.write(f"{self.TOKEN} ")
        self.other = self.written()[0] != self.TOKEN
        self.own = self.written()[1] == self.TOKEN
        self.prefixed = [name.startswith(self.TOKEN) for name in self.FILES]
        self.next(self.end)

    @step
    def end(self):
        self.used_before = self.TOKEN in self.written()
        self.distinct = len({*self.written(), self.TOKEN})
        NOTES.unlink()
        print(self.length, self.stable, self.other, self.prefixed, self.distinct)


if __name__ == "__main__":
    TokenFlow()
