"""Sends a reminder to everyone on a list, every Monday."""

import os

from metaflow import FlowSpec, IncludeFile, schedule, step

HERE = os.path.dirname(os.path.abspath(__file__))
PEOPLE = os.path.join(HERE, "people.txt")


def beside(name: str) -> str:
    """The path of a file in the folder of the flow."""
    return os.path.join(HERE, name)


@schedule(cron="0 8 * * MON *")
class ReminderFlow(FlowSpec):
    """The launch plan needs the default files only where it is registered."""

    people = IncludeFile("people", default=PEOPLE, help="One address on each line.")
    text = IncludeFile("text", default=beside("text.txt"), parser=str.strip)
    signature = IncludeFile("signature", default="signature.txt", show_default=True)

    @step
    def start(self):
        self.addresses = self.people.split()
        self.next(self.write)

    @step
    def write(self):
        self.letters = {each: f"{self.text}\n{self.signature}" for each in self.addresses}
        self.next(self.end)

    @step
    def end(self):
        print(self.letters)


if __name__ == "__main__":
    ReminderFlow()
