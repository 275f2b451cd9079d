from metaflow import FlowSpec, step


class DeletedMutatedFlow(FlowSpec):
    """A deleted artifact comes back as it was, without what was done to it."""

    @step
    def start(self):
        self.rows = [1, 2]
        self.options = {"depth": 1}
        self.next(self.change)

    @step
    def change(self):
        self.rows.append(3)
        self.before = list(self.rows)
        del self.rows                   # takes the appended row with it
        self.after = list(self.rows)    # read again: loaded afresh
        self.rows.append(4)             # and this one stays
        self.options = {"depth": 2}
        del self.options                # so does the value of `start`
        self.next(self.end)

    @step
    def end(self):
        print(self.before, self.after, self.rows, self.options)


if __name__ == "__main__":
    DeletedMutatedFlow()
