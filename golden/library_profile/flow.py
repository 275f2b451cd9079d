import time

from metaflow import FlowSpec, profile, step


@profile("loading")
def load(count):
    return list(range(count))


class ProfileFlow(FlowSpec):
    """Says where the time goes."""

    @step
    def start(self):
        self.rows = load(5)
        self.timings = {"earlier": 7}
        for _ in range(2):
            with profile("nap", stats_dict=self.timings):
                time.sleep(0.03)
        self.slept = self.timings["nap"] >= 60
        self.timings = sorted(self.timings)
        self.next(self.end)

    @step
    def end(self):
        with profile(f"{len(self.rows)} rows"):
            self.total = sum(self.rows)


if __name__ == "__main__":
    ProfileFlow()
