from metaflow import FlowSpec, step


class MangledFlow(FlowSpec):
    """Two underscores: Python mangles the name, Metaflow keeps the artifact."""

    @step
    def start(self):
        self.__secret = 41
        self.next(self.end)

    @step
    def end(self):
        self.__secret += 1
        self.answer = self.__secret
        # the name that it really has
        self.same = self._MangledFlow__secret == self.answer
        print(self.answer, self.same)


if __name__ == "__main__":
    MangledFlow()
