"""The objects of the API as plain frozen data.

Unknown keys are ignored, words are open (a new status is just another text), dates are aware UTC instants or
None, numbers that travel as texts are ints. A SID of another shape, or a value of another type, is an error.
Phone numbers and names of people do not show in `repr`.

`made` reads the answer to a creation. What is wrong there beside the identity is passed over: that something
was made must not be forgotten for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from voiceform.twilio.dates import parse_date
from voiceform.twilio.fields import (
    Json,
    MalformedAnswerError,
    as_object,
    flag,
    number,
    optional_sid,
    optional_text,
    price,
    seconds,
    sid,
    text,
)
from voiceform.twilio.sids import is_sid


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """A call queue. `average_wait_time` is in seconds and, like `current_size`, true for a moment only."""

    sid: str
    friendly_name: str
    max_size: int | None = None
    current_size: int | None = None
    average_wait_time: int | None = None
    account_sid: str | None = None
    date_created: datetime | None = None
    date_updated: datetime | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """From decoded JSON; raises MalformedAnswerError."""
        data = as_object(value)
        return cls(
            sid=sid(data, "sid", "QU"),
            friendly_name=text(data, "friendly_name"),
            max_size=number(data, "max_size"),
            current_size=number(data, "current_size"),
            average_wait_time=number(data, "average_wait_time"),
            account_sid=optional_text(data, "account_sid"),
            date_created=parse_date(data.get("date_created")),
            date_updated=parse_date(data.get("date_updated")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMember:
    """A call that waits in a queue. `sid` is the call's; `position` counts from 1 at the front, `wait_time`
    is in seconds, and both are true for a moment only."""

    sid: str
    position: int | None = None
    wait_time: int | None = None
    date_enqueued: datetime | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """From decoded JSON; raises MalformedAnswerError."""
        data = as_object(value)
        return cls(
            sid=sid(data, "call_sid", "CA"),
            position=number(data, "position"),
            wait_time=number(data, "wait_time"),
            date_enqueued=parse_date(data.get("date_enqueued")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A call. `duration` is in seconds, `queue_time` in milliseconds (an estimate, at creation).

    `status` is queued, ringing, in-progress, completed, busy, failed, no-answer or canceled; `start_time` is
    None until it is dialled.
    """

    sid: str
    status: str = ""
    to: str = field(default="", repr=False)
    from_: str = field(default="", repr=False)
    direction: str = ""
    account_sid: str | None = None
    parent_call_sid: str | None = None
    phone_number_sid: str | None = None
    duration: int | None = None
    queue_time: int | None = None
    price: str | None = None
    price_unit: str | None = None
    answered_by: str | None = None
    caller_name: str | None = field(default=None, repr=False)
    forwarded_from: str | None = field(default=None, repr=False)
    group_sid: str | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    date_created: datetime | None = None
    date_updated: datetime | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """From decoded JSON; raises MalformedAnswerError."""
        data = as_object(value)
        return cls(
            sid=sid(data, "sid", "CA"),
            status=text(data, "status"),
            to=text(data, "to"),
            from_=text(data, "from"),
            direction=text(data, "direction"),
            account_sid=optional_text(data, "account_sid"),
            parent_call_sid=optional_sid(data, "parent_call_sid", "CA"),
            phone_number_sid=optional_text(data, "phone_number_sid"),
            duration=seconds(data, "duration"),
            queue_time=number(data, "queue_time"),
            price=price(data, "price"),
            price_unit=optional_text(data, "price_unit"),
            answered_by=optional_text(data, "answered_by"),
            caller_name=optional_text(data, "caller_name"),
            forwarded_from=optional_text(data, "forwarded_from"),
            group_sid=optional_text(data, "group_sid"),
            start_time=parse_date(data.get("start_time")),
            end_time=parse_date(data.get("end_time")),
            date_created=parse_date(data.get("date_created")),
            date_updated=parse_date(data.get("date_updated")),
        )

    @classmethod
    def made(cls, value: object) -> Self:
        """From the answer to its creation; raises MalformedAnswerError."""
        with suppress(MalformedAnswerError):
            return cls.parse(value)
        data = as_object(value)
        return cls(sid=sid(data, "sid", "CA"), status=_word(data, "status"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A recording's description. `duration` is in seconds; None while it runs.

    `status` is in-progress, paused, stopped, processing, completed, absent, failed or deleted (only with
    `include_soft_deleted`). `encryption_details` is what an encrypted recording's audio is useless without.
    """

    sid: str
    status: str = ""
    source: str = ""
    account_sid: str | None = None
    call_sid: str | None = None
    conference_sid: str | None = None
    channels: int | None = None
    duration: int | None = None
    track: str | None = None
    price: str | None = None
    price_unit: str | None = None
    error_code: int | None = None
    encryption_details: Mapping[str, Any] | None = field(default=None, repr=False)
    start_time: datetime | None = None
    date_created: datetime | None = None
    date_updated: datetime | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """From decoded JSON; raises MalformedAnswerError."""
        data = as_object(value)
        encryption = data.get("encryption_details")
        return cls(
            sid=sid(data, "sid", "RE"),
            status=text(data, "status"),
            source=text(data, "source"),
            account_sid=optional_text(data, "account_sid"),
            call_sid=optional_sid(data, "call_sid", "CA"),
            conference_sid=optional_sid(data, "conference_sid", "CF"),
            channels=number(data, "channels"),
            duration=seconds(data, "duration"),
            track=optional_text(data, "track"),
            price=price(data, "price"),
            price_unit=optional_text(data, "price_unit"),
            error_code=number(data, "error_code"),
            encryption_details=encryption if isinstance(encryption, dict) else None,
            start_time=parse_date(data.get("start_time")),
            date_created=parse_date(data.get("date_created")),
            date_updated=parse_date(data.get("date_updated")),
        )

    @classmethod
    def made(cls, value: object) -> Self:
        """From the answer to its creation; raises MalformedAnswerError."""
        with suppress(MalformedAnswerError):
            return cls.parse(value)
        data = as_object(value)
        return cls(sid=sid(data, "sid", "RE"), status=_word(data, "status"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Conference:
    """One instance of a conference; many share a `friendly_name` over time, at most one is in progress.

    `status` is init, in-progress or completed.
    """

    sid: str
    friendly_name: str = ""
    status: str = ""
    account_sid: str | None = None
    region: str | None = None
    reason_conference_ended: str | None = None
    call_sid_ending_conference: str | None = None
    date_created: datetime | None = None
    date_updated: datetime | None = None

    @classmethod
    def parse(cls, value: object) -> Self:
        """From decoded JSON; raises MalformedAnswerError."""
        data = as_object(value)
        return cls(
            sid=sid(data, "sid", "CF"),
            friendly_name=text(data, "friendly_name"),
            status=text(data, "status"),
            account_sid=optional_text(data, "account_sid"),
            region=optional_text(data, "region"),
            reason_conference_ended=optional_text(data, "reason_conference_ended"),
            call_sid_ending_conference=optional_sid(data, "call_sid_ending_conference", "CA"),
            date_created=parse_date(data.get("date_created")),
            date_updated=parse_date(data.get("date_updated")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """One call in a conference, identified by `call_sid` and, where it was given, by `label`.

    `status` is queued, connecting, ringing, connected, complete or failed; `queue_time` (milliseconds) comes
    only in the answer to its creation.
    """

    call_sid: str
    conference_sid: str | None = None
    label: str | None = None
    status: str = ""
    account_sid: str | None = None
    muted: bool | None = None
    hold: bool | None = None
    coaching: bool | None = None
    call_sid_to_coach: str | None = None
    start_conference_on_enter: bool | None = None
    end_conference_on_exit: bool | None = None
    queue_time: int | None = None
    date_created: datetime | None = None
    date_updated: datetime | None = None

    @property
    def sid(self) -> str:
        """The call's SID, which is a participant's identity."""
        return self.call_sid

    @classmethod
    def parse(cls, value: object) -> Self:
        """From decoded JSON; raises MalformedAnswerError."""
        data: Json = as_object(value)
        return cls(
            call_sid=sid(data, "call_sid", "CA"),
            conference_sid=optional_sid(data, "conference_sid", "CF"),
            label=optional_text(data, "label"),
            status=text(data, "status"),
            account_sid=optional_text(data, "account_sid"),
            muted=flag(data, "muted"),
            hold=flag(data, "hold"),
            coaching=flag(data, "coaching"),
            call_sid_to_coach=optional_sid(data, "call_sid_to_coach", "CA"),
            start_conference_on_enter=flag(data, "start_conference_on_enter"),
            end_conference_on_exit=flag(data, "end_conference_on_exit"),
            queue_time=number(data, "queue_time"),
            date_created=parse_date(data.get("date_created")),
            date_updated=parse_date(data.get("date_updated")),
        )

    @classmethod
    def made(cls, value: object) -> Self:
        """From the answer to its creation; raises MalformedAnswerError."""
        with suppress(MalformedAnswerError):
            return cls.parse(value)
        data = as_object(value)
        room = data.get("conference_sid")
        return cls(
            call_sid=sid(data, "call_sid", "CA"),
            conference_sid=room if isinstance(room, str) and is_sid(room, "CF") else None,
            label=_word(data, "label") or None,
            status=_word(data, "status"),
        )


def _word(data: Json, name: str) -> str:
    value = data.get(name)
    return value if isinstance(value, str) else ""
