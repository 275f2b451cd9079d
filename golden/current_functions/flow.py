import logging
from concurrent.futures import ThreadPoolExecutor

import metaflow as mf
from metaflow import FlowSpec, step

logger = logging.getLogger(mf.current.flow_name or "not running")


def context() -> str:
    """Where the code runs."""
    return f"{mf.current.flow_name}/{mf.current.step_name}"


def logged(function):
    """A decorator: its own body runs when the module is imported."""
    prefix = "running" if mf.current.is_running_flow else "import"

    def call(*args):
        logger.info("%s %s", context(), mf.current.run_id)
        return f"{prefix}: {mf.current.step_name} {function(*args)}"

    return call


@logged
def double(value):
    return 2 * value


class Audit:
    """Counts what each step has done."""

    def __init__(self):
        self.steps = {}

    def note(self):
        current = mf.current.step_name
        self.steps[current] = self.steps.get(current, 0) + 1


def shown(current, width):
    """Has an argument of the same name."""
    return f"{current:{width}}"


class CurrentFunctionsFlow(FlowSpec):
    @step
    def start(self):
        self.audit = Audit()
        self.audit.note()
        self.text = double(21)
        self.next(self.work)

    @step
    def work(self):
        self.audit.note()
        self.audit.note()
        with ThreadPoolExecutor(2) as pool:
            self.threads = list(pool.map(lambda _: context(), range(3)))
        self.own = self.where("here")
        self.shown = shown(self.own, 12)
        self.next(self.end)

    @step
    def end(self):
        self.audit.note()
        self.steps = self.audit.steps
        self.last = self.where("there")

    def where(self, word):
        return f"{word}: {mf.current.step_name}"


if __name__ == "__main__":
    CurrentFunctionsFlow()
