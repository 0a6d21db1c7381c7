"""Two spellings of one person are one person; what cannot be read is nobody known."""

from __future__ import annotations

import re

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from voiceform.model.numbers import (
    are_one_person,
    dialled_digits,
    is_plain,
    normal_number,
    person,
    plain_parts,
)

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


@pytest.mark.parametrize(
    "text",
    ["", "anonymous", "restricted", "Ann Example", "+1", "555-0101", "tel:anna", "sip:anna", "sip:a nn@pbx"],
)
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
        ("sip:5550101@pbx.example.com", "5550101"),
        ("sip:550101@pbx.example.com", None),
        ("sip:00550101@pbx.example.com", None),
        ("sip:anna2125550101@pbx.example.com", None),
        ("client:anna", None),
    ],
)
def test_digits_that_an_address_dials(text: str, digits: str | None) -> None:
    assert dialled_digits(text) == digits


CODES = st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)).map(str)
NUMBERS = st.builds("+{}{}".format, CODES, st.from_regex(r"[0-9]{3,13}", fullmatch=True))


@given(NUMBERS | st.from_regex(r"\+?[0-9]{0,17}", fullmatch=True))
@example("+2120612345678")
@example("+11234567890")
@example("+390612345678")
@example("+5491123456789")
@example("+541123456789")
@example("+5215512345678")
@example("+4407911123456")
@example("+80012345678")
@example("+999123456789")
@example("+375882545246")
def test_what_is_plain_is_what_the_library_reads_in_it(text: str) -> None:
    """The short way says nothing that the long one does not: it may only pass."""
    if not is_plain(text):
        return
    parsed = phonenumbers.parse(text)
    assert phonenumbers.is_possible_number_with_reason(parsed) == phonenumbers.ValidationResult.IS_POSSIBLE
    assert phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164) == text
    assert not parsed.extension
    assert normal_number(text) == text


@pytest.mark.parametrize("text", [ANN, "+4915112345678", "+33612345678", "+447911123456", "+353861234567"])
def test_most_numbers_go_the_short_way(text: str) -> None:
    assert is_plain(text)


def test_what_is_plain_has_a_country_and_a_number_there() -> None:
    assert plain_parts(ANN) == ("1", "2125550101")
    assert plain_parts("+353861234567") == ("353", "861234567")


@pytest.mark.parametrize(
    "text",
    [
        *(" +12125550101", "+1 2125550101", "+１２１２５５５０１０１", "12125550101", "+0121255501"),
        "+390612345678",  # whose zero belongs to it
        "+375882545246",  # whose 8 does not
    ],
)
def test_what_has_to_be_read_does_not(text: str) -> None:
    assert not is_plain(text)


@pytest.mark.parametrize("text", ["1.2125E+10", "1,2125E+10", "+1E10", "1.5559e10"])
def test_what_a_spreadsheet_has_rounded_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="a spreadsheet has rounded"):
        normal_number(text)


@pytest.mark.parametrize(
    "text", [ANN, "sip:anna@example.com", "sips:anna@example.com:5061;transport=tls", "client:anna"]
)
def test_what_is_sent_as_it_is(text: str) -> None:
    assert normal_number(f" {text}\n") == text


def test_punctuation_is_not_sent() -> None:
    assert normal_number("+1 (212) 555-0101") == ANN


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("sip:anna", "it is not a SIP or client address"),
        ("client:", "it is not a SIP or client address"),
        ("2125550101", "begins with + and its country calling code"),
        ("+999123456789", "this is not a phone number: Could not interpret numbers after plus-sign"),
        ("+1212555", "this cannot be a phone number: it is too short"),
        ("+121255501011", "this cannot be a phone number: it is too long"),
        ("+12125550", "this cannot be a phone number: only local calls could reach it"),
        ("+721598161971", "this cannot be a phone number: no number there has that length"),
    ],
)
def test_what_is_no_number_says_why(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=re.escape(problem)):
        normal_number(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (ANN, ANN, True),
        (ANN, "sip:12125550101@pbx", True),
        (ANN, "+12125550102", False),
        ("anonymous", "anonymous", True),
        ("anonymous", "restricted", False),  # nobody can know
        ("anonymous", ANN, False),
        (ANN, "anonymous", False),
    ],
)
def test_whether_two_addresses_are_one_person(one: str, other: str, same: bool) -> None:
    assert are_one_person(one, other) is same
