"""Two spellings of one person are one person; what cannot be read is nobody known."""

from __future__ import annotations

import pytest

from voiceform.model.numbers import dialled_digits, person

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


@pytest.mark.parametrize(
    "text",
    [
        "sips:anna@pbx.example.com",
        "sip:anna@PBX.example.com:5061",
        "sip:anna:secret@pbx.example.com",
        "sip:anna@pbx.example.com;transport=tls?Subject=x",
        "sip:%61nna@pbx.example.com:5061;user=phone",
    ],
)
def test_the_way_to_a_sip_user_makes_nobody_else_of_them(text: str) -> None:
    assert person(text) == "sip:anna@pbx.example.com"
    assert (
        person("sip:anna@[2001:DB8::1]:5060") == person("sip:anna@[2001:db8::1]") != person("sip:anna@[2001:")
    )


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("sip:2125550101@pbx.example.com", "2125550101"),
        ("sip:0012125550101@pbx.example.com;user=phone", "12125550101"),
        ("sip:9-1-212-555-0101:secret@pbx.example.com", "912125550101"),
        ("client:+12125550101", "12125550101"),
        ("sip:1001@pbx.example.com", None),
        ("sip:anna2125550101@pbx.example.com", None),
        ("client:anna", None),
    ],
)
def test_digits_that_an_address_dials(text: str, digits: str | None) -> None:
    assert dialled_digits(text) == digits
