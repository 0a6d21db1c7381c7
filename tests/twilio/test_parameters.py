from __future__ import annotations

from dataclasses import fields
from inspect import signature
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.rest.api.v2010.account.call import CallContext, CallList  # type: ignore[import-untyped]
from twilio.rest.api.v2010.account.call.recording import RecordingList  # type: ignore[import-untyped]
from twilio.rest.api.v2010.account.conference.participant import (  # type: ignore[import-untyped]
    ParticipantContext,
    ParticipantList,
)

from tests.emulator.api import description
from voiceform.twilio.client import Client
from voiceform.twilio.errors import InvalidArgumentError
from voiceform.twilio.parameters import CreateCall, CreateParticipant, encode, form_of

NUMBERS: dict[str, Any] = {"to": "+15558675310", "from_": "+15017122661"}


def test_only_what_is_given_is_sent() -> None:
    assert form_of(CreateCall(**NUMBERS, url="https://example.com/")) == (
        ("To", "+15558675310"),
        ("From", "+15017122661"),
        ("Url", "https://example.com/"),
    )


def test_false_zero_and_empty_are_values() -> None:
    assert encode({"record": False, "timeout": 0, "wait_url": "", "trim": None, "events": ()}) == (
        ("Record", "false"),
        ("Timeout", "0"),
        ("WaitUrl", ""),
    )


def test_lists_repeat_the_name() -> None:
    assert encode({"status_callback_event": ("answered", "completed")}) == (
        ("StatusCallbackEvent", "answered"),
        ("StatusCallbackEvent", "completed"),
    )


@given(st.lists(st.text(), max_size=4))
def test_a_list_of_json_is_never_sent_as_its_python_text(events: list[str]) -> None:
    expected = tuple(("StatusCallbackEvent", event) for event in events)
    assert encode({"status_callback_event": events}) == expected
    assert encode({"status_callback_event": tuple(events)}) == expected


@pytest.mark.parametrize("value", [{}, {"a": 1}, ["a", ["b"]], [None], [{}], 1.5, b"x", {"a"}, object()])
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="StatusCallbackEvent"):
        encode({"status_callback_event": value})


LIBRARY: dict[str, Any] = {
    "NewCall": CallList.create,
    "CallChange": CallContext.update,
    "NewRecording": RecordingList.create,
    "NewParticipant": ParticipantList.create,
    "ParticipantChange": ParticipantContext.update,
}


def test_names_are_those_of_the_helper_library() -> None:
    """twilio-python turns the same snake case into the names that the service knows."""
    for ours, theirs in ((CreateCall, CallList.create), (CreateParticipant, ParticipantList.create)):
        assert {one.name for one in fields(ours)} == set(signature(theirs).parameters) - {"self"}


@pytest.mark.parametrize(
    ("ours", "theirs", "path"),
    [
        (Client.update_call, CallContext.update, {"sid"}),
        (Client.create_call_recording, RecordingList.create, {"call_sid"}),
        (
            Client.update_participant,
            ParticipantContext.update,
            {"conference_sid", "participant"},
        ),
    ],
)
def test_keywords_are_those_of_the_helper_library(ours: Any, theirs: Any, path: set[str]) -> None:
    assert set(signature(ours).parameters) - path == set(signature(theirs).parameters)


@pytest.mark.parametrize("name", LIBRARY)
def test_the_description_has_the_parameters_of_today(name: str) -> None:
    """Those of the operations that phone, record and change, and no others."""
    theirs = [word for word in signature(LIBRARY[name]).parameters if word != "self"]
    described = description()["components"]["schemas"][name]["properties"]
    assert set(described) == {wire for wire, _ in encode(dict.fromkeys(theirs, "x"))}


@pytest.mark.parametrize(
    "answers",
    [
        {},
        {"url": "https://example.com/", "twiml": "<Response/>"},
        {"url": "https://example.com/", "application_sid": "AP1"},
        {"twiml": "x" * 4001},
    ],
)
def test_a_call_has_exactly_one_answer_that_fits(answers: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError):
        CreateCall(**NUMBERS, **answers)


def test_numbers_and_secrets_do_not_show() -> None:
    shown = repr(CreateCall(**NUMBERS, twiml="<Say>PIN 1234</Say>", sip_auth_password="${SIP_PASSWORD}"))
    shown += repr(CreateParticipant(**NUMBERS, caller_id="+15550001111", sip_auth_password="${SIP_PASSWORD}"))
    assert not any(secret in shown for secret in ("5310", "2661", "1111", "SIP_PASSWORD", "1234"))
