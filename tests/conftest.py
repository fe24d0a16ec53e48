"""How Hypothesis searches: the same examples every time and no clock, so that a run fails for a reason in the code.

`HYPOTHESIS_PROFILE=explore make test` looks at new examples.
"""

import os

from hypothesis import HealthCheck, settings

#: A busy machine may take any time for an example, and for making one up.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("repeat", UNTIMED, derandomize=True)
settings.register_profile("explore", UNTIMED)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))
