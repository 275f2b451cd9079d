from metaflow import FlowSpec, step


class PrivateArtifactsFlow(FlowSpec):
    """Artifacts with a leading underscore travel like all others."""

    @step
    def start(self):
        self._rows = [1, 2, 3]
        self._scale = 2
        self.next(self.work)

    @step
    def work(self):
        _scale = 10                     # a local of the same name
        self._rows.append(4)
        self.scaled = [row * self._scale * _scale for row in self._rows]
        self._temp = len(self.scaled)
        self.next(self.end)

    @step
    def end(self):
        self.summary = f"{self._temp} rows, {sum(self.scaled)}, {self._rows}"
        print(self.summary)


if __name__ == "__main__":
    PrivateArtifactsFlow()
