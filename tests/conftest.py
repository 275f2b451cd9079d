"""What counts for all tests."""

from collections import Counter

import pytest

#: Modules whose tests spend their time in other processes, or translate what others translate:
#: to measure the coverage there would only make them slower.
_UNMEASURED = (
    "test_backend", "test_equality", "test_output", "test_random", "test_s3", "test_serialised",
    "test_styles",
)  # fmt: skip


#: Of a test with many values each third is measured, which takes twice the time of running it: the
#: others run the same code.
_EACH = 3


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    variants = Counter[str]()
    for item in items:
        name = item.nodeid.partition("[")[0]
        unmeasured = item.path.name.startswith(_UNMEASURED) or variants[name] % _EACH
        variants[name] += 1
        if unmeasured:
            item.add_marker("no_cover")
