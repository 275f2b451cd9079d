"""How much random testing there is."""

import os

from hypothesis import HealthCheck, settings


def budget(examples: int) -> settings:
    """Settings for a test with that many examples, the same in every run of the tests.

    With the environment variable FUZZ set to a number there are that many times as many, and
    others in each run: for a night, not for a pull request.
    """
    factor = int(os.environ.get("FUZZ", "0"))
    return settings(
        max_examples=examples * max(factor, 1),
        derandomize=not factor,
        deadline=None,  # a slow machine is no failure
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
