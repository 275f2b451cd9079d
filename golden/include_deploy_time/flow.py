"""Greets in the language of the team, which is known where the flow is deployed."""

import os

from metaflow import FlowSpec, IncludeFile, step


def greeting_file(context):
    """The file for a flow; a file of the team in the home folder would come first."""
    home = os.path.expanduser("~/greetings.txt")
    return home if os.path.exists(home) else f"{context.flow_name.lower()}.txt"


class GreetFlow(FlowSpec):
    greetings = IncludeFile("greetings", default=greeting_file, help="One on each line.")
    names = IncludeFile("names", default=lambda context: context.parameter_name + ".txt")

    @step
    def start(self):
        self.words = self.greetings.splitlines()
        self.next(self.end)

    @step
    def end(self):
        self.lines = [f"{word} {name}" for word in self.words for name in self.names.split()]
        print("\n".join(self.lines))


if __name__ == "__main__":
    GreetFlow()
