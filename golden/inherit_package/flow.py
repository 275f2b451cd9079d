import common.settings
from common.base import TeamFlow
from metaflow import step


class QueryFlow(TeamFlow):
    """Count what people search for."""

    @step
    def work(self):
        queries = ["hat", "shoe", "hat"]
        self.counts = {query: queries.count(query) for query in queries}
        self.published["counts"] = self.tag("counts")
        self.years = self.age(2026)
        self.retries = common.settings.RETRIES
        self.next(self.end)


if __name__ == "__main__":
    QueryFlow()
