"""Whether a text tells somebody's number, in whole or by its end.

The digits alone say nothing: an identifier, a digest, a port, a folder of the test run or a clock may have
them.
"""

from __future__ import annotations

import re

_ALICE = re.compile(r"867\W{0,3}5310|(?<![0-9A-Za-z-])(?<!\d\.)5310(?![0-9A-Za-z])")


def tells_of_alice(text: str) -> bool:
    """Whether `text` has the end of +1 555 867 5310: spelled somehow, masked, or alone."""
    return _ALICE.search(text) is not None
