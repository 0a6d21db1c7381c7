"""How much is tried: a little by `make test`, all of it by `make fuzz`."""

from __future__ import annotations

import os

EFFORT = int(os.environ.get("FUZZ_EFFORT", "1"))
"""So many times what every run of the tests tries."""

WHOLE = 100
"""From this effort on nothing that can be counted is left out."""


def some(number: int) -> int | None:
    """As many of something; None for all of them."""
    return None if EFFORT >= WHOLE else number * EFFORT
