"""What is wrong with how a call is to be placed, as far as the schema cannot say it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from voiceform.kinds.outgoing.declared import variable_of
from voiceform.model.diagnostics import Position, Severity
from voiceform.model.document import Block
from voiceform.model.numbers import is_phone_number, normal_number

_OWN_CREDENTIALS = frozenset(
    {"TWILIO_AUTH_TOKEN", "TWILIO_API_SECRET", "TWILIO_API_KEY", "VOICEFORM_STATE", "DATABASE_URL"}
)
_OF_OTHERS = ("AWS_", "AZURE_", "GOOGLE_", "GITHUB_", "ACTIONS_", "CI_", "PG")
"""What variables of stores and pipelines begin with."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one key."""

    code: str
    message: str
    position: Position
    hint: str
    severity: Severity = Severity.ERROR


def findings(block: Block, people: Sequence[str]) -> Iterator[Finding]:
    """`people` are those who are called, as far as they are known."""
    yield from _of_recording(block)
    yield from _of_detection(block)
    yield from _of_caller_id(block, people)
    yield from _of_password(block)
    yield from _for_others(block, people)


def _of_recording(block: Block) -> Iterator[Finding]:
    if block.get("recording") is not None and block.get("record") is False:
        yield Finding(
            "conflicting-keys",
            "recording says how it is recorded, and record: false that it is not",
            block.key_position("recording"),
            "remove one of them; an overlay takes the other away with `recording: null`",
        )


def _of_detection(block: Block) -> Iterator[Finding]:
    detection = block.get("machine_detection")
    if detection is not None and block.get("send_digits"):
        yield _ignored(
            block, "machine_detection", "machine_detection where send_digits is given", "remove one of them"
        )


def _of_caller_id(block: Block, people: Sequence[str]) -> Iterator[Finding]:
    shown = block.get("caller_id")
    if shown is None:
        return
    place = block.value_position("caller_id")
    if shown.startswith(("+", "client:", "sip:", "sips:")):
        try:
            shown = normal_number(shown)
        except ValueError as error:
            yield Finding("invalid-number", str(error), place, "write it as +15558675310")
            return
    if not is_phone_number(shown) and any(map(is_phone_number, people)):
        yield Finding(
            "invalid-number",
            "phone numbers are called, so caller_id has to be a phone number too",
            place,
            "Twilio refuses such a call: give a number of the account, or remove caller_id",
        )


def _of_password(block: Block) -> Iterator[Finding]:
    login = block.get("sip_auth")
    if login is None:
        return
    place = login.value_position("password")
    variable = variable_of(login["password"])
    if variable is None:
        yield Finding(
            "credential",
            "a password must not stand in the configuration",
            place,
            "name a variable of the environment and nothing else: ${SIP_PASSWORD}; change the password that"
            " stood here",
        )
    elif variable in _OWN_CREDENTIALS or variable.startswith(_OF_OTHERS):
        yield Finding(
            "credential",
            f"${{{variable}}} belongs to the account, the state or the pipeline, and is no password of a"
            " telephone system",
            place,
            "name a variable that holds the password of the SIP login",
        )


def _for_others(block: Block, people: Sequence[str]) -> Iterator[Finding]:
    """Settings that Twilio takes for some sort of address alone, and nobody has one."""
    if not people:
        return
    for key, prefixes, sort in (
        ("sip_auth", ("sip:", "sips:"), "sip: address"),
        ("caller_display_name", ("sip:", "sips:"), "sip: address"),
        ("client_notification_url", ("client:",), "client: address"),
        ("byoc", ("+",), "phone number"),
    ):
        if block.get(key) is not None and not any(who.startswith(prefixes) for who in people):
            yield _ignored(block, key, f"{key}, since no {sort} is called", "remove it")


def _ignored(block: Block, key: str, what: str, hint: str) -> Finding:
    return Finding(
        "ignored-setting", f"Twilio ignores {what}", block.key_position(key), hint, Severity.WARNING
    )
