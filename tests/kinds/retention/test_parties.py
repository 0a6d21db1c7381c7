"""Who is on a leg of a call, in whatever spelling carriers and programs send."""

from __future__ import annotations

import pytest

from voiceform.kinds.retention.matching.parties import Parties, national_digits
from voiceform.kinds.retention.matching.truth import Truth

ALICE = Parties.of(["+15558675310"])

SAME = (
    "+15558675310",
    "+1 (555) 867-5310",
    "+1.555.867.5310",
    "tel:+1-555-867-5310",
    "SIP:+15558675310@PBX.example.com",
    "sips:+15558675310@pbx:5061;transport=tls",
    "sip:+15558675310:pw@pbx",
    "sip:%2B15558675310@pbx",
    "sip:+15558675310;phone-context=x@pbx",
    "sip:+15558675310%3Bext=1@pbx",
    "sip:15558675310@pbx",
)
MAYBE = (
    "",
    "5558675310",
    "8675310",
    "0015558675310",
    "01115558675310",
    "1 555 867 5310",
    "\uff0b\uff11\uff15\uff15\uff15\uff18\uff16\uff17\uff15\uff13\uff11\uff10",
    "+15558675310\u200b",
    "+15558675310 x12",
    "sip:5558675310@pbx",
    "tel:867-5310",
    '"Ann" <sip:+15558675310@pbx>',
    "whatsapp:+15558675310",
    "client:15558675310",
    "client:+15558675310",
    "anonymous",
    "Restricted",
    "+266696687",
    "+7378742833",
    "+86282452253",
    "+5558675310",
    "client:675310",
    "sip:anonymous@anonymous.invalid",
    "sip:Unavailable@pbx",
    "sip:+1@pbx",
)
OTHERS = (
    "+15017122661",
    "+1 501 712 2661",
    "sip:+15017122661@pbx",
    "5017122661",
    "sip:ann@pbx",
    "client:ann",
    "client:5017122661",
    "client:75310",
    "+33123456789",
)


@pytest.mark.parametrize("live", SAME)
def test_it_is_her(live: str) -> None:
    assert ALICE.test(live) is Truth.YES


@pytest.mark.parametrize("live", MAYBE)
def test_it_may_be_her(live: str) -> None:
    assert ALICE.test(live) is Truth.UNKNOWN


@pytest.mark.parametrize("live", OTHERS)
def test_it_is_somebody_else(live: str) -> None:
    assert ALICE.test(live) is Truth.NO


@pytest.mark.parametrize("text", ["sip:anna@PBX.example.com.:5061", "sips:anna:secret@pbx.example.com"])
@pytest.mark.parametrize(
    ("live", "truth"),
    [
        ("sip:anna@pbx.example.com", Truth.YES),
        ("sip:anna;phone-context=x@pbx.example.com;transport=tls", Truth.YES),
        ("sip:Anna@pbx.example.com", Truth.UNKNOWN),
        ("sip:anna@pbx2.example.com", Truth.NO),
        ("sip:ann@pbx.example.com", Truth.NO),
    ],
)
def test_a_sip_user_is_one_by_whatever_way(text: str, live: str, truth: Truth) -> None:
    assert Parties.of([text]).test(live) is truth


def test_a_client_in_another_case_may_be_it() -> None:
    assert Parties.of(["client:Anna"]).test("client:Anna") is Truth.YES
    assert Parties.of(["client:Anna"]).test("client:anna") is Truth.UNKNOWN


def test_whom_nobody_can_read_is_nobody_else() -> None:
    assert Parties.of(["anonymous", "+15558675310"]).test("+15017122661") is Truth.NO


@pytest.mark.parametrize(
    ("value", "digits"),
    [
        (" (555) 867-5310 ", "5558675310"),
        ("tel:0015558675310", "15558675310"),
        ("sip:+15558675310:pw@pbx", "15558675310"),
        ("675310", "675310"),
        ("75310", ""),
        ("0075310", ""),
        ("client:annabella", ""),
        ("client:555annabella", ""),
        ("\uff15\uff15\uff15\uff18\uff16\uff17\uff15", ""),
    ],
)
def test_digits_by_which_a_value_may_be_a_number(value: str, digits: str) -> None:
    assert national_digits(value) == digits
