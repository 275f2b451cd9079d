"""What counts for all tests."""

from collections import Counter

import pytest

#: Modules whose tests spend their time in other processes, or translate what others translate:
#: to measure the coverage there would only make them slower.
_UNMEASURED = (
    "test_backend", "test_equality", "test_groups", "test_output", "test_random", "test_s3",
    "test_serialised", "test_styles",
)  # fmt: skip
#: Tests whose many values run the same code: each third is measured, which takes twice the time.
_ALIKE = (
    "test_another_step", "test_changes", "test_mutated_flows", "test_one_more_line",
    "test_same_card_as_in_metaflow", "test_unusual_values", "test_value_that_cannot_be_known",
    "test_variables_that_the_step_reads",
)  # fmt: skip


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    variants = Counter[str]()
    for item in items:
        name = item.name.partition("[")[0]
        variants[name] += 1
        repeated = name.startswith(_ALIKE) and variants[name] % 3 != 1
        if repeated or item.path.name.startswith(_UNMEASURED):
            item.add_marker("no_cover")
