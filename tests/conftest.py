"""What counts for all tests."""

import pytest

#: Modules whose tests spend their time in other processes, or translate what others translate:
#: to measure the coverage there would only make them slower.
_UNMEASURED = (
    "test_backend", "test_equality", "test_output", "test_random", "test_s3", "test_serialised",
    "test_styles",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name.startswith(_UNMEASURED):
            item.add_marker("no_cover")
