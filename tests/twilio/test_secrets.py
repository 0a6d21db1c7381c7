"""Passwords that requests carry: read when they are sent, and in nothing that comes back."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.twilio.scripted import RESET, Server, answer, error, new_client, sid
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.errors import ApiError, InvalidArgumentError, MissingSecretError, TwilioError
from voiceform.twilio.parameters import CreateCall, CreateParticipant

PEOPLE: dict[str, Any] = {"to": "sip:anna@example.com", "from_": "+15017122661", "sip_auth_username": "anna"}
SECRET = "hunter2 & more"


def call(client: Client, password: str = "${SIP_PASSWORD}") -> object:
    return client.create_call(CreateCall(**PEOPLE, url="https://example.com/", sip_auth_password=password))


def participant(client: Client, password: str = "${SIP_PASSWORD}") -> object:
    return client.create_participant("room", CreateParticipant(**PEOPLE, sip_auth_password=password))


EITHER = pytest.mark.parametrize("phone", [call, participant])


@EITHER
@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_what_is_sent_is_what_the_variable_holds(
    phone: Any, end: str, server: Server, clock: ManualClock
) -> None:
    server.play(answer(201, {"sid": sid("CA", 1), "call_sid": sid("CA", 1)}))
    with new_client(server.url, clock, environ={"SIP_PASSWORD": SECRET + end}) as client:
        phone(client)
    assert parse_qs(server.requests[0].body)["SipAuthPassword"] == [SECRET]


@EITHER
@pytest.mark.parametrize("environ", [{}, {"SIP_PASSWORD": ""}, {"SIP_PASSWORD": "\n"}, {"OTHER": "x"}])
def test_a_variable_that_is_not_set_keeps_everything_from_being_sent(
    phone: Any, environ: dict[str, str], server: Server, clock: ManualClock
) -> None:
    with (
        new_client(server.url, clock, environ=environ) as client,
        pytest.raises(MissingSecretError) as caught,
    ):
        phone(client)
    assert "${SIP_PASSWORD}" in str(caught.value)
    assert server.requests == []


@EITHER
@pytest.mark.parametrize("text", ["hunter2", "", "x${SIP_PASSWORD}", "${SIP_PASSWORD}\n", "${A:-b}", "$SIP"])
def test_a_password_itself_is_refused(phone: Any, text: str, server: Server, clock: ManualClock) -> None:
    with (
        new_client(server.url, clock, environ={"SIP_PASSWORD": SECRET}) as client,
        pytest.raises(InvalidArgumentError) as caught,
    ):
        phone(client, text)
    assert "hunter2" not in str(caught.value)
    assert server.requests == []


@EITHER
@pytest.mark.parametrize(
    "told",
    [
        error(400, 21223, f"SipAuthPassword {SECRET} is not valid"),
        error(500, 20500, f"cannot use {SECRET}"),
        error(400, 21223, "hunter2%20%26%20more and hunter2 &amp; more"),
        answer(201, raw=f"<p>{SECRET}</p>".encode()),
        answer(502, raw=f"<p>{SECRET}</p>".encode()),
        RESET,
    ],
)
def test_errors_do_not_repeat_it(phone: Any, told: bytes, server: Server, clock: ManualClock) -> None:
    server.play(told)
    with (
        new_client(server.url, clock, environ={"SIP_PASSWORD": SECRET}) as client,
        pytest.raises(TwilioError) as caught,
    ):
        phone(client)
    found = caught.value
    message = found.message if isinstance(found, ApiError) else ""
    assert "hunter2" not in f"{found} {found!r} {found.what} {found.hint} {found.args} {message}"
