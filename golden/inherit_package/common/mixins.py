from datetime import date

from .settings import TEAM


class TaggedMixin:
    """Puts a tag on everything that is published."""

    SINCE = date(2024, 2, 29)

    def tag(self, name):
        self.tags = [*getattr(self, "tags", []), name]
        return f"{TEAM}/{name}"

    def age(self, year):
        return year - self.SINCE.year
