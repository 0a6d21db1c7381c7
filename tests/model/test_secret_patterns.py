"""No password that stands inside another text is shown, however the text is written or encoded."""

from __future__ import annotations

import json
from collections.abc import Callable
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.model.masking import redact_text

PLACES = [
    "https://bob:{}@example.com/x",
    "https://{}@example.com/",
    "postgresql://bob:{}@db.example.com:5432/voiceform",
    "sip:bob:{}@pbx.example.com",
    "SIPS:bob:{}@pbx.example.com;transport=tls",
    "sip:bob@pbx.example.com;password={};transport=tcp",
    "sip:bob@pbx.example.com?X-Auth-Token={}",
    "https://example.com/?sig={}",
    "https://example.com/?a=1&token={}&b=2",
    "https://example.com/?access_token={}#top",
    "https://example.com/?api_key={}",
    "https://example.com/?apiKey={}",
    "https://example.com/?key={}",
    "https://example.com/?X-Amz-Signature={}&X-Amz-Date=20261201T000000Z",
    "https://example.com/?X-Amz-Credential={}",
    "https://example.com/?X-Amz-Security-Token={}",
    "https://example.com/?Authorization={}",
    "https://example.com/?client_secret={}",
    "https://example.com/?pwd={}",
]
IN_TEXT = [
    "Authorization: Bearer {}",
    "Authorization: Basic {}",
    "host=db password={} user=bob",
    "bob:{}@example.com",
]
SECRET = "hunter2x9"


def twice(text: str) -> str:
    return quote(quote(text, safe=""), safe="")


WRITTEN: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in a message": lambda text: f"HTTP 400, Twilio error 21205: Url is not a valid URL: {text}.",
    "in TwiML": lambda text: f"<Dial><Sip>{escape(text)}</Sip></Dial>",
    "in JSON": lambda text: json.dumps({"url": text}),
    "in JSON in JSON": lambda text: json.dumps(json.dumps({"url": text})),
    "encoded": lambda text: f"https://example.com/?next={quote(text, safe='')}",
    "encoded twice": lambda text: f"https://example.com/?next={twice(text)}",
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("how", WRITTEN)
def test_no_password_in_an_address_is_shown(place: str, how: str) -> None:
    shown = redact_text(WRITTEN[how](place.format(SECRET)))
    assert SECRET not in shown
    assert "(sensitive)" in shown
    assert redact_text(shown) == shown


@pytest.mark.parametrize("text", IN_TEXT)
def test_no_password_in_a_text_is_shown(text: str) -> None:
    shown = redact_text(text.format(SECRET))
    assert SECRET not in shown
    assert redact_text(shown) == shown


@pytest.mark.parametrize(
    "password", ["p@ss", "p:ss", "p/ss", "p?ss", "p#ss", "p%40ss", "p;ss", "p,ss", "p'ss", 'p"ss']
)
def test_passwords_with_marks_that_nobody_encoded(password: str) -> None:
    shown = redact_text(f"cannot open postgresql://bob:{password}@db.example.com/x")
    assert "ss" not in shown.replace("(sensitive)", "")


@pytest.mark.parametrize(
    "text",
    [
        "https://example.com/cb?Digits=1&call=CA0123456789abcdef0123456789abcdef",
        "http://127.0.0.1:8765/a@b",
        "https://example.com/a:b@c",
        "sip:bob@pbx.example.com;transport=tls",
        "client:anna",
        "mailto:bob@example.com",
        "max_tokens=5, password_policy=strong",
        "password: must be a text",
        "basic settings, bearer of news",
        "s3://bucket/prefix/2026-12-01",
        "https://example.com/?a=hello&b=2026-12-01T09:00:00Z",
    ],
)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redact_text(text) == text


@given(st.text("abc:/@?&;=%.\"'<> sip token password 12", max_size=80))
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    once = redact_text(text)
    assert redact_text(once) == once


@given(
    st.from_regex(r"[A-Za-z0-9!$*()_.~-]{12,20}", fullmatch=True),
    st.sampled_from(PLACES),
    st.sampled_from(list(WRITTEN)),
)
def test_any_password(secret: str, place: str, how: str) -> None:
    whole = redact_text(WRITTEN[how](place.format(secret)))
    for kept in ("(sensitive)", "example", "password"):
        whole = whole.replace(kept, "")
    assert secret not in whole
