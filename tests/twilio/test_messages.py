"""What messages of the API may carry on: whole numbers, which outputs mask, and no secret."""

from __future__ import annotations

import pytest

from voiceform.model.masking import redact_text
from voiceform.twilio.errors import printable


@pytest.mark.parametrize("number", ["+12125550101", "+1 (212) 555-0101", "0012125550101", "212.555.0101"])
@pytest.mark.parametrize("before", range(370, 402))
def test_a_cut_leaves_no_half_of_a_number(number: str, before: int) -> None:
    shown = redact_text(printable("x" * (before - 1) + " " + number + " is not a number" * 9))
    digits = "".join(filter(str.isdigit, shown))
    assert digits in ("", "10101", "0101", "01"), shown
    assert len(shown) <= 403 + len("•••••")


@pytest.mark.parametrize("before", range(360, 402))
def test_a_cut_leaves_no_half_of_a_login(before: int) -> None:
    shown = printable("x" * (before - 1) + " https://bob:hunter2xyz@example.com/" + " is wrong" * 30)
    assert "hunter" not in shown


def test_a_short_message_is_whole() -> None:
    assert printable("'To' number +12125550101 is\n wrong") == "'To' number +12125550101 is  wrong"
