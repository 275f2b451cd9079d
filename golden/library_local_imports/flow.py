from metaflow import FlowSpec, step


def stamp(name):
    from metaflow import current

    return f"{name} of {current.flow_name}"


class Table:
    """Not Metaflow's."""

    def __init__(self, rows):
        self.rows = rows


class LocalImportsFlow(FlowSpec):
    """Imports what it needs of Metaflow where it needs it."""

    @step
    def start(self):
        import json, metaflow
        from metaflow import Flow, current as now  # Flow is not used

        self.first = f"{now.step_name} {metaflow.current.flow_name}"
        self.text = json.dumps({"step": now.step_name})
        self.next(self.shape)

    @step
    def shape(self):
        def label(current):
            return f"<{current}>"

        self.label = label("not Metaflow's")
        self.numbers = [current for current in range(3)]
        if self.numbers:
            from metaflow import current, profile

            timings = {}
            with profile("shape", stats_dict=timings):
                self.rows = Table([current.step_name]).rows
            self.timed = list(timings)
        self.next(self.end)

    @step
    def end(self):
        from metaflow import current

        self.stamp = stamp(current.step_name)


if __name__ == "__main__":
    LocalImportsFlow()
