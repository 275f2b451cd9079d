from metaflow import FlowSpec, Parameter, step


class ParameterTypesFlow(FlowSpec):
    """Every scalar type, declared and inferred."""

    # declared
    rows = Parameter("rows", help="How many rows to make", type=int, default=4)
    scale = Parameter("scale", help="Multiplier of every row", type=float, default=2)  # an int that becomes 2.0
    title = Parameter("title", help="Heading of the report", type=str, default="untitled")
    verbose = Parameter("verbose", help="Print each row", type=bool, default=False)
    buckets = Parameter("buckets", help="Number of buckets", type=int, default="3")  # parsed from a string
    # inferred from the default
    offset = Parameter("offset", help="Added to every row", default=1)
    ratio = Parameter("ratio", help="Share of rows to keep", default=0.5)
    suffix = Parameter("suffix", help="Appended to the title", default="")
    shuffle = Parameter("shuffle", help="Reverse the rows", default=True)
    # required
    region = Parameter("region", help="Where the rows come from", required=True)
    year = Parameter("year", help="The year of the rows", type=int, required=True)

    @step
    def start(self):
        self.values = [self.offset + i * self.scale for i in range(self.rows)]
        if self.shuffle:
            self.values.reverse()
        self.next(self.end)

    @step
    def end(self):
        keep = int(len(self.values) * self.ratio)
        self.kept = self.values[:keep]
        self.bucket_ids = [int(v) % self.buckets for v in self.kept]
        self.heading = self.title + self.suffix + f" ({self.region}, {self.year})"
        if self.verbose:
            print(self.heading, self.kept)
        # the types that the steps really see
        self.kinds = [type(v).__name__ for v in (self.rows, self.scale, self.title, self.verbose, self.buckets,
                                                 self.offset, self.ratio, self.suffix, self.shuffle, self.region,
                                                 self.year)]


if __name__ == "__main__":
    ParameterTypesFlow()
