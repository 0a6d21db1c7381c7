"""Four answers, and what they say together."""

from __future__ import annotations

from itertools import product

import pytest

from voiceform.kinds.retention.matching.truth import Truth, every, some

NO, YES, UNKNOWN, NEEDED = Truth.NO, Truth.YES, Truth.UNKNOWN, Truth.NEEDED


@pytest.mark.parametrize("count", range(4))
def test_what_is_not_known_is_neither_met_nor_missed(count: int) -> None:
    for answers in product(Truth, repeat=count):
        assert every(answers) is next((one for one in (NO, NEEDED, UNKNOWN) if one in answers), YES)
        assert some(answers) is next((one for one in (YES, NEEDED, UNKNOWN) if one in answers), NO)


def test_there_are_four_and_what_is_anything_but_a_no_may_keep() -> None:
    assert list(Truth) == [NO, YES, UNKNOWN, NEEDED]
    assert [bool(truth) for truth in (NO, YES, UNKNOWN, NEEDED)] == [False, True, True, True]
