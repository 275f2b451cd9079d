"""The smallest flow that says something."""
from metaflow import FlowSpec, step


class HelloFlow(FlowSpec):
    """Say hello and remember what was said."""

    @step
    def start(self):
        """Choose the words."""
        self.greeting = "hello, world"
        self.next(self.end)

    @step
    def end(self):
        """Say them."""
        print(self.greeting)


if __name__ == "__main__":
    HelloFlow()
