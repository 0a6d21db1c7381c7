"""Who is on a leg of a call, in whatever spelling carriers and programs send."""

from __future__ import annotations

import pytest

from voiceform.kinds.retention.matching.parties import Parties
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
