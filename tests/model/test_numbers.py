"""Two spellings of one person are one person; what cannot be read is nobody known."""

from __future__ import annotations

import pytest

from voiceform.model.numbers import person

ANN = "+12125550101"


@pytest.mark.parametrize(
    "text",
    [
        ANN,
        "+1 (212) 555-0101",
        "+1.212.555.0101",
        "12125550101",
        "tel:+12125550101",
        "tel:+1-212-555-0101;ext=",
        "sip:+12125550101@pbx.example.com",
        "SIP:12125550101@pbx.example.com;transport=tls",
        "sips:+12125550101:secret@pbx.example.com",
        "sip:+12125550101;phone-context=x@pbx.example.com",
        "sip:%2B12125550101@pbx.example.com",
        "  +12125550101\n",
    ],
)
def test_spellings_of_one_person(text: str) -> None:
    assert person(text) == ANN


@pytest.mark.parametrize("text", ["", "anonymous", "restricted", "Ann Example", "+1", "555-0101"])
def test_nobody_can_know(text: str) -> None:
    assert person(text) is None


def test_sip_users_and_clients_are_themselves() -> None:
    assert person("SIP:anna@Example.COM") == person("sip:anna@example.com") == "sip:anna@example.com"
    assert person("sip:Anna@example.com") != person("sip:anna@example.com")
    assert person("client:anna") == "client:anna"
