from metaflow import FlowSpec, Parameter, step


class VersionFlow(FlowSpec):
    """In a step, public constants can be read from self, but not from the class."""

    MAJOR = 3
    _MINOR = 1
    through_class = Parameter("through_class", default=False)

    @classmethod
    def minor(cls):
        return cls._MINOR + 1

    @classmethod
    def bumped(cls):
        return cls.MAJOR + 1

    @step
    def start(self):
        self.version = f"{self.MAJOR}.{self.minor()}"
        self.same = [VersionFlow._MINOR, type(self)._MINOR]
        self.next(self.bump)

    @step
    def bump(self):
        self.next_version = self.bumped() if self.through_class else self.MAJOR + 1
        self.next(self.end)

    @step
    def end(self):
        print(self.version, self.next_version)


if __name__ == "__main__":
    VersionFlow()
