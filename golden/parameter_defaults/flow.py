from metaflow import FlowSpec, Parameter, step

STAGE = "dev"
ROWS_PER_PAGE = 25
PAGES = 4
RATES = [0.1, 0.01]
HELP = "Name of the bucket in stage " + STAGE


class ParameterDefaultsFlow(FlowSpec):
    """Defaults are expressions, not only literals."""

    bucket = Parameter("bucket", help=HELP, default=f"shop-{STAGE}-{PAGES:02d}")
    rows = Parameter("rows", help=f"At most {ROWS_PER_PAGE * PAGES}", default=ROWS_PER_PAGE * PAGES - 1)
    rate = Parameter("rate", default=RATES[-1] * 2)
    shift = Parameter("shift", default=-1)
    big = Parameter("big", default=10**6)
    debug = Parameter("debug", default=STAGE == "dev")
    prefix = Parameter("prefix", default="a" "b" + "c" * 2)
    code = Parameter("code", help="A str whose default is an int: it stays one", type=str, default=0)
    comment = Parameter("comment", help="No default: None")
    seed = Parameter("seed", help="No default, and a type: None too", type=int)
    floor = Parameter("floor", type=float, default=None)

    @step
    def start(self):
        self.pages = self.rows // ROWS_PER_PAGE
        self.target = f"{self.bucket}/{self.prefix}/{self.comment or 'no comment'}"
        self.start_at = self.shift if self.seed is None else self.seed
        self.next(self.end)

    @step
    def end(self):
        self.kinds = [type(v).__name__ for v in (self.code, self.comment, self.seed, self.floor, self.debug, self.rate)]
        print(self.pages, self.target, self.start_at, self.kinds, self.big)


if __name__ == "__main__":
    ParameterDefaultsFlow()
