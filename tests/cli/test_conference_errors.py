"""What is wrong with declared conferences is found offline, with its place."""

from __future__ import annotations

import pytest

from tests.support import Stack

PERSON = '{to: "+15558675310", from: "+15017122661"}'


def told(stack: Stack, body: str, *, code: int = 1) -> str:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    stack.write(f"version: 1\nconferences:\n  standup:\n{lines}")
    result = stack.run("validate", environ={})
    assert result.code == code, result.out + result.err
    return result.err


@pytest.mark.parametrize(
    ("body", "place", "said"),
    [
        ("settings: {beep: sometimes}", "4:22", "beep"),
        ("settings: {max_participants: 1}", "4:34", "2"),
        ("settings: {max_participants: 251}", "4:34", "250"),
        ("settings: {wait_url: ftp://example.com}", "4:26", "https://"),
        ("settings: {startConferenceOnEnter: true}", "4:16", "start_conference_on_enter"),
        ("settings: {status_callback_event: [begin]}", "4:40", "begin"),
        ("settings: {region: mars}", "4:24", "us1"),
        ("settings: {coach: CA1}", "4:23", "call SID"),
        ("max_duration: 1h30m", "4:19", "one whole number and one unit"),
        ("status: closed", "4:13", "open"),
        ("announce: {method: GET}", "4:15", "url"),
        (f"participants: {{bridge: {PERSON[:-1]}, hold: maybe}}}}", "4:", "hold"),
        ('participants: {bridge: {to: "5310", from: "+15017122661"}}', "4:33", "international form"),
        ('friendly_name: " standup"', "4:20", "white space"),
        (f"friendly_name: CF{'0' * 32}", "4:20", "looks like a SID"),
        (f"friendly_name: CA{'0' * 32}", "4:20", "looks like a SID"),
        (f"friendly_name: cf{'0' * 31}A", "4:20", "looks like a SID"),
        ("friendly_name: ..", "4:20", "means a folder"),
        ('friendly_name: "."', "4:20", "means a folder"),
        (
            'participants: {a: {to: "sip:+15017122661@pbx.example.com", from: "+15017122661"}}',
            "4:",
            "from its own number",
        ),
        ('friendly_name: "a\\u0007b"', "4:20", "not valid"),
        ("start: true", "4:5", "no participants"),
        (f"status: ended\nstart: true\nparticipants: {{a: {PERSON}}}", "5:5", "contradicts status: ended"),
        (f"friendly_name: a/b\nstart: true\nparticipants: {{a: {PERSON}}}", "5:5", "slash"),
        (f"participants: {{a: {PERSON}, b: {PERSON}}}", "4:", "would be phoned twice"),
        (
            "settings: {max_participants: 2}\nparticipants:\n"
            + "\n".join(f'  p{n}: {{to: "+1555867531{n}", from: "+15017122661"}}' for n in range(3)),
            "5:5",
            "3 participants are declared, and 2 fit",
        ),
    ],
)
def test_each_mistake_is_told_with_its_place(stack: Stack, body: str, place: str, said: str) -> None:
    message = told(stack, body)
    assert f"voiceform.yaml:{place}" in message
    assert said in message
    assert "8675310" not in message


def test_one_name_belongs_to_one_declaration(stack: Stack) -> None:
    stack.write("conferences:\n  standup: {}\n  daily: {friendly_name: Standup}\n")
    result = stack.run("validate")
    assert result.code == 1
    assert "is declared by conference.standup at" in result.err


def test_a_document_that_grew_too_long_is_found_before_twilio_cuts_it(stack: Stack) -> None:
    long = "https://example.com/" + "a" * 2000
    message = told(stack, f"settings: {{status_callback: '{long}', event_callback_url: '{long}'}}")
    assert "more than the 4000" in message


def test_a_setting_without_effect_is_a_warning(stack: Stack) -> None:
    message = told(stack, "settings: {status_callback_method: GET}", code=0)
    assert "has no effect without settings.status_callback" in message


@pytest.mark.parametrize("section", ["conferences:\n", "conferences: {}\n", "conferences: {standup: }\n"])
def test_empty_sections_and_blocks_are_fine(stack: Stack, section: str) -> None:
    stack.write(section)
    assert stack.run("validate").code == 0
