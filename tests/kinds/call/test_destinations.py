"""Whom a rule is about: whoever lies there, and whoever might."""

from __future__ import annotations

import pytest

from voiceform.kinds.call.rules.destinations import Destinations, countries_of_number
from voiceform.kinds.call.rules.faults import Path

MIAMI, NEW_YORK, TORONTO, TOLL_FREE = "+13055550123", "+12125550123", "+14165550123", "+18005550123"
PARIS, BERLIN, JAMAICA, PUERTO_RICO = "+33142685300", "+4930123456", "+18765550123", "+17875550123"
SATELLITE, FREEPHONE = "+870773111632", "+80012345678"
NO_SUCH_AREA = "+15555550123"
LONDON, JERSEY, GB_FREEPHONE = "+442079460000", "+441534456789", "+448081570000"
MOSCOW, ALMATY, OVERLAY_OF_FLORIDA = "+74951234567", "+77272345678", "+17545550123"
SIP, SIP_NUMBER, CLIENT = "sip:anna@example.com", "sip:+13055550123@pbx.example.com", "client:anna"


@pytest.mark.parametrize(
    ("place", "inside", "outside"),
    [
        ("+33", [PARIS], [BERLIN, MIAMI, SATELLITE, SIP_NUMBER]),
        ("+1305", [MIAMI, SIP_NUMBER], [NEW_YORK, TOLL_FREE]),
        ("305", [MIAMI, SIP_NUMBER], [NEW_YORK, TOLL_FREE, "+3055012345"]),
        ("FR", [PARIS], [BERLIN, MIAMI, "+590590123456"]),
        ("US", [MIAMI, NEW_YORK, TOLL_FREE, NO_SUCH_AREA, SIP_NUMBER], [TORONTO, JAMAICA, PUERTO_RICO]),
        ("CA", [TORONTO, TOLL_FREE, NO_SUCH_AREA], [MIAMI, PARIS]),
        ("PR", [PUERTO_RICO, TOLL_FREE], [MIAMI]),
        ("GB", [LONDON, GB_FREEPHONE], [JERSEY]),
        ("JE", [JERSEY, GB_FREEPHONE], [LONDON]),
        ("RU", [MOSCOW], [ALMATY]),
        ("KZ", [ALMATY], [MOSCOW]),
        (
            "US-FL",
            [MIAMI, OVERLAY_OF_FLORIDA, TOLL_FREE, NO_SUCH_AREA, SIP_NUMBER],
            [NEW_YORK, TORONTO, JAMAICA, PARIS],
        ),
        ("US-NY", [NEW_YORK, TOLL_FREE], [MIAMI, OVERLAY_OF_FLORIDA, "+12015550123"]),
        ("US-DC", ["+12025550123"], [MIAMI]),
        ("CA-ON", [TORONTO, TOLL_FREE], [NEW_YORK, "+16045550123"]),
        ("CA-BC", ["+12575550123", "+16045550123"], [TORONTO]),
        ("CA-NU", ["+18675550123"], [TORONTO]),
        ("CA-YT", ["+18675550123"], [TORONTO]),
        ("CA-PE", ["+19025550123"], ["+15065550123"]),
    ],
)
def test_who_lies_there_or_might(place: str, inside: list[str], outside: list[str]) -> None:
    where = Destinations((place,))
    assert [number for number in inside if not where.may_have(number)] == []
    assert [number for number in outside if where.may_have(number)] == []


@pytest.mark.parametrize("number", [SATELLITE, FREEPHONE])
def test_a_number_of_no_country_may_be_of_every(number: str) -> None:
    assert Destinations(("FR",)).may_have(number)
    assert Destinations(("US",)).may_have(number)
    assert not Destinations(("+33",)).may_have(number)


@pytest.mark.parametrize("party", [SIP, CLIENT, "sip:2125550101@pbx.example.com", "anonymous"])
@pytest.mark.parametrize("place", ["+33", "FR", "305", "US-FL"])
def test_who_has_no_number_may_be_everywhere(place: str, party: str) -> None:
    assert Destinations((place,)).may_have(party)


def test_several_places() -> None:
    where = Destinations(("+33", "US-FL"))
    assert where.may_have(PARIS)
    assert where.may_have(MIAMI)
    assert not where.may_have(NEW_YORK)


def test_what_cannot_be_read_as_a_number_may_be_everywhere() -> None:
    assert Destinations(("FR",)).may_have("+999123456789")
    assert countries_of_number("+999123456789") == {"001"}


@pytest.mark.parametrize(
    ("place", "hint"),
    [
        ("FL", "a state or province is written US-FL"),
        ("ON", "a state or province is written CA-ON"),
        ("XX", None),
        ("UK", None),
        ("US-ZZ", "as in US-FL or CA-ON; territories are countries of their own, as PR"),
        ("US-PR", "as in US-FL or CA-ON; territories are countries of their own, as PR"),
    ],
)
def test_places_that_there_are_not(place: str, hint: str | None) -> None:
    found: list[tuple[Path, str | None]] = []
    Destinations(("FR", place, "+33", "305", "US-FL", "CA-QC", "NO")).check(
        lambda path, _problem, advice: found.append((path, advice))
    )
    assert found == [((1,), hint)]


def test_every_state_of_the_country_is_known() -> None:
    from voiceform.kinds.call.rules.destinations import _states

    known = [code for code in _states() if code.startswith("US-")]
    assert len(known) == 51
    assert len(_states()) == 51 + 13
