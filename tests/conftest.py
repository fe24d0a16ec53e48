"""What holds for all tests: how Hypothesis searches, and how seldom Python looks for garbage.

Hypothesis tries the same examples every time and knows no clock, so that a run fails for a reason in the code.
`HYPOTHESIS_PROFILE=explore make test` looks at new examples.
"""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

#: A busy machine may take any time for an example, and for making one up.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeat", UNTIMED, derandomize=True)
settings.register_profile("explore", UNTIMED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))

#: What tinygrad has compiled stays, some million objects. To look through all of them again and again took a third of
#: the time.
gc.set_threshold(50_000, 20, 100)


@pytest.fixture(scope="module", autouse=True)
def look_for_garbage_once() -> Iterator[None]:
    """At the end of a module; what stays then is not looked at any more."""
    yield
    gc.collect()
    gc.freeze()
