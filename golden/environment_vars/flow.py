import os

from metaflow import FlowSpec, environment, step

STAGE = "test"
NAMES = ["MFGEN_TEXT", "MFGEN_INT", "MFGEN_FLOAT", "MFGEN_BOOL", "MFGEN_EMPTY", "MFGEN_QUOTED", "MFGEN_STAGE"]


class EnvironmentVarsFlow(FlowSpec):
    """Variables that only one step sees, and always as strings."""

    @environment(
        vars={
            "MFGEN_TEXT": "some words",
            "MFGEN_INT": 3,
            "MFGEN_FLOAT": 0.5,
            "MFGEN_BOOL": True,
            "MFGEN_EMPTY": "",
            "MFGEN_QUOTED": "it's \"quoted\" $HOME {x}",
            "MFGEN_STAGE": f"stage-{STAGE}",
        }
    )
    @step
    def start(self):
        self.seen = {name: os.environ[name] for name in NAMES}
        self.workers = int(os.environ["MFGEN_INT"])
        self.next(self.after)

    @environment(vars={"MFGEN_TEXT": "other words"})
    @step
    def after(self):
        self.text = os.getenv("MFGEN_TEXT")
        # the others belonged to the first step
        self.gone = [name for name in NAMES if name not in os.environ]
        self.next(self.end)

    @step
    def end(self):
        self.left = [name for name in NAMES if name in os.environ]
        print(self.seen, self.workers, self.text, self.gone, self.left)


if __name__ == "__main__":
    EnvironmentVarsFlow()
