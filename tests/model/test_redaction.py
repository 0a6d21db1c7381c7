"""Secrets go by the name of their field, numbers wherever they stand."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from tests.render.strategies import json_values
from voiceform.model.masking import is_sensitive, redact, redact_field, redact_text
from voiceform.model.phone_patterns import mask_numbers


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+15558675310", "+1•••••5310"),
        ("call +15558675310, then sip:+442071838750@x", "call +1•••••5310, then sip:+4•••••8750@x"),
        ("https://x/?to=%2B15558675310", "https://x/?to=%2B1•••••5310"),
        ("1 + 1 = 2, +12, 2026-01-01T00:00:00+0000", "1 + 1 = 2, +12, 2026-01-01T00:00:00+0000"),
        ("CA0123456789012345", "CA0123456789012345"),
    ],
)
def test_numbers(text: str, shown: str) -> None:
    assert mask_numbers(text) == shown
    assert mask_numbers(shown) == shown


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("sip_auth_password", True),
        ("SipAuthPassword", True),
        ("participants.bridge.sip_auth_password", True),
        ("items[2].auth_token", True),
        ("sip_auth_username", False),
        ("password_policy", False),
        ("", False),
    ],
)
def test_sensitive_paths(path: str, secret: bool) -> None:
    assert is_sensitive(path) is secret


def test_secret_is_found_by_field_and_nothing_else_is_touched() -> None:
    value = {"sip_auth_password": "x", "friendly_name": "x marks", "inner": [{"Password": {"deep": "x"}}]}
    assert redact(value) == {
        "sip_auth_password": "(sensitive)",
        "friendly_name": "x marks",
        "inner": [{"Password": "(sensitive)"}],
    }
    assert redact({"sip_auth_password": None}) == {"sip_auth_password": None}
    assert redact_field("a.sip_auth_password", ["x"]) == "(sensitive)"


def test_secrets_inside_texts() -> None:
    assert redact_text("https://user:p%40ss@example.com/cb?a=b@c") == (
        "https://(sensitive)@example.com/cb?a=b@c"
    )
    assert redact_text("<Sip username=\"u\" password='p'>sip:a@b</Sip>") == (
        "<Sip username=\"u\" password='(sensitive)'>sip:a@b</Sip>"
    )
    assert redact_text("https://example.com/a:b@c") == "https://example.com/a:b@c"


def test_numbers_can_be_asked_for_and_secrets_cannot() -> None:
    value = {"to": "+15558675310", "auth_token": "t"}
    assert redact(value, show_numbers=True) == {"to": "+15558675310", "auth_token": "(sensitive)"}


def test_keys_that_look_alike_when_masked_all_stay() -> None:
    shown = redact({"+15558675310": 1, "+15559995310": 2})
    assert sorted(shown.values()) == [1, 2]


def test_what_needs_no_change_is_not_copied() -> None:
    sids: dict[str, Any] = {"sids": [f"RE{number:032x}" for number in range(1000)]}
    assert redact(sids) is sids


@given(json_values)
def test_redacting_twice_changes_nothing_more(value: Any) -> None:
    once = redact(value)
    assert redact(once) == once


@pytest.mark.parametrize("value", ["+12125550101", 12125550101, ["5551234", "+1 212 555 0101"]])
def test_what_is_masked_in_a_field_stays_as_it_is_when_it_is_masked_again(value: object) -> None:
    once = redact_field("to", value)
    assert once != value
    assert redact_field("to", once) == once
