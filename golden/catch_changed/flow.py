from metaflow import FlowSpec, catch, step


class LedgerFlow(FlowSpec):
    """What a step has changed or deleted before its error stays so."""

    @step
    def start(self):
        self.entries = [1]
        self.scratch = "here"
        self.total = 0
        self.next(self.post)

    @catch(var="failure")
    @step
    def post(self):
        self.entries.append(2)
        self.total = 5
        self.total += 1
        self.entries.append(self.total / 0)
        self.posted = True
        self.next(self.end)

    @step
    def end(self):
        self.report = (self.entries, self.total, self.scratch)
        print(self.report, self.failure.type)


if __name__ == "__main__":
    LedgerFlow()
