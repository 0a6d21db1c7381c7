"""Numbers are read once, and as the library reads them."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import Stack
from voiceform.kinds.call.numbering import numbered
from voiceform.kinds.call.timing.zones import area_length

CODES = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)).map(str)
NUMBERS = st.builds("+{}{}".format, CODES, st.from_regex(r"[0-9]{3,13}", fullmatch=True))
AREA = st.integers(200, 999).map(str)
AMERICAN = st.builds("+1{}{}".format, AREA, st.from_regex(r"[0-9]{7}", fullmatch=True))


@given(NUMBERS | AMERICAN)
@example("+390612345678")
@example("+5491123456789")
@example("+4407911123456")
@example("+80012345678")
@example("+999123456789")
@example("nobody")
def test_a_number_is_what_the_library_reads(number: str) -> None:
    try:
        expected = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        assert numbered(number) is None
        return
    found = numbered(number)
    assert found is not None
    assert (found.parsed, found.kind) == (expected, phonenumbers.number_type(expected))


@given(AMERICAN)
@example("+12125550101")
@example("+18005550101")
def test_area_codes_of_north_america_are_as_long_as_the_library_says(number: str) -> None:
    parsed = phonenumbers.parse(number)
    if phonenumbers.is_number_type_geographical(phonenumbers.number_type(parsed), 1):
        assert phonenumbers.length_of_geographical_area_code(parsed) == area_length(parsed)


@pytest.mark.parametrize("number", ["+442079460000", "+4930123456", "+33142685300", "+5511912345678"])
def test_other_area_codes_are_asked_of_the_library(number: str) -> None:
    parsed = phonenumbers.parse(number)
    assert area_length(parsed) == phonenumbers.length_of_geographical_area_code(parsed) > 0


def test_however_many_rules_ask_each_number_is_read_once(stack: Stack) -> None:
    """More of them than the reader remembers at a time."""
    people = [f"+1305{2000000 + index}" for index in range(1500)]
    (stack.folder / "people.csv").write_text("\n".join(["phone", *people]), encoding="utf-8")
    stack.write(
        """
safety: {max_calls: 2000}
calling_rules:
  - {name: day, hours: {weekly: {mon-sun: ["08:00-20:00"]}, outside: next-window}}
  - {name: florida, match: {to: [US-FL]}, hours: {weekly: {mon-sun: ["09:00-19:00"]}}}
  - {name: america, match: {to: [US]}, limits: [{max: 3, per: 1d}]}
calls:
  delivery:
    to: {csv: people.csv}
    from: "+15017122661"
    schedule: {cron: "0 7 * * *", timezone: America/New_York}
    rules: [day, florida, america]
    answer: {say: hello}
"""
    )
    numbered.cache_clear()
    stack.ok("plan")
    assert numbered.cache_info().misses == len(people)
