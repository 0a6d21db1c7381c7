"""Documents are escaped by construction, and what people write is checked before Twilio refuses it."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import VoiceResponse  # type: ignore[import-untyped]

from voiceform.kinds.twiml import MAX_INLINE_CHARACTERS, check_twiml, document, element

XML_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="￾￿"))


def problems(text: str, *, inline: bool = True) -> list[str]:
    return [str(problem) for problem in check_twiml(text, inline=inline)]


@given(name=XML_TEXT, value=XML_TEXT)
def test_text_and_attributes_come_back_as_they_were_given(name: str, value: str) -> None:
    made = document(element("Dial", element("Conference", text=name, attributes={"waitUrl": value})))
    conference = ET.fromstring(made.encode()).find("Dial/Conference")
    assert conference is not None
    assert (conference.text or "") == name
    assert conference.get("waitUrl") == value
    assert problems(made, inline=False) == []


@given(st.text())
def test_any_text_is_judged_without_an_exception(text: str) -> None:
    check_twiml(text)


@given(st.text(alphabet=st.sampled_from("<>/&;! \"'ResponSayDl[]CDAT-?xm=\x00\ud800"), max_size=60))
def test_broken_markup_is_judged_without_an_exception(text: str) -> None:
    found = check_twiml(text)
    try:
        root = ET.fromstring(text)
    except (ET.ParseError, UnicodeEncodeError):
        assert found
    else:
        assert found or root.tag == "Response"


def test_the_helper_library_and_the_check_agree_on_nesting() -> None:
    response = VoiceResponse()
    response.say("Hello").break_(strength="weak")
    gather = response.gather(num_digits=1)
    gather.play("https://example.com/a.mp3")
    gather.pause()
    dial = response.dial()
    dial.conference("standup", wait_url="")
    dial.number("+15558675310")
    dial.sip("sip:a@example.com")
    response.enqueue("support").task("{}")
    response.connect().stream(url="wss://example.com").parameter(name="a", value="b")
    response.start().transcription().config(name="c", value="d")
    response.pay().prompt().say("card")
    response.refer().sip("sip:b@example.com")
    response.record()
    response.redirect("https://example.com")
    response.reject()
    response.hangup()
    assert problems(str(response)) == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1 of the document: it is not well-formed XML: no element found"),
        ("<Response><Say>a</Response>", "mismatched tag"),
        ("<Response><Say>&nbsp;</Say></Response>", "undefined entity"),
        ("<response/>", "the outermost element is <response>, and must be <Response>"),
        ("<Response><dial/></Response>", "did you mean <Dial>?"),
        ("<Response>\n  <Conference>a</Conference></Response>", "line 2, column 3"),
        ("<Response><Conference>a</Conference></Response>", "it belongs inside <Dial>"),
        ("<Response><Gather><Dial>1</Dial></Gather></Response>", "<Dial> may not stand inside <Gather>"),
        ("<Response><Pause><Say>a</Say></Pause></Response>", "<Say> may not stand inside <Pause>"),
        ("<Response>hello</Response>", "text may not stand directly inside <Response>"),
        ('<?xml version="1.0" encoding="UTF-16"?><Response/>', "it declares the encoding UTF-16"),
        ("<Response><Say>\x07</Say></Response>", "not well-formed"),
        ("<Response><Say>\ud800</Say></Response>", "half a character"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    (first, *_) = problems(text)
    assert said in first


@pytest.mark.parametrize(
    "hostile",
    [
        '<!DOCTYPE Response [<!ENTITY a "aaaa">]><Response><Say>&a;</Say></Response>',
        '<!DOCTYPE r SYSTEM "file:///etc/passwd"><Response/>',
        '<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:1/x">%p;]><Response/>',
    ],
)
def test_entities_are_refused_before_anything_is_expanded(hostile: str) -> None:
    (only,) = problems(hostile)
    assert "a document type is refused" in only


def test_deep_nesting_ends_the_check() -> None:
    assert any("nested more than" in problem for problem in problems("<Response>" + "<Say>" * 100_000))


def test_the_length_counts_inline_only() -> None:
    longest = "<Response><Say>" + "a" * (MAX_INLINE_CHARACTERS - 32) + "</Say></Response>"
    assert len(longest) == MAX_INLINE_CHARACTERS
    assert problems(longest) == []
    (only,) = problems(longest + " ")
    assert "4001 characters are more than the 4000" in only
    assert problems(longest + " ", inline=False) == []
