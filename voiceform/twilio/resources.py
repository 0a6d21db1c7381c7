"""The objects of the API as plain frozen data.

Unknown keys are ignored, words are open (a new status is just another text), dates are aware UTC instants or
None, numbers that travel as texts are ints. A SID of another shape, or a value of another type, is an error.
Phone numbers and names of people do not show in `repr`. Those that come in long lists are TypedRows.

`made` reads the answer to a creation. What is wrong there beside the identity is passed over: that something
was made must not be forgotten for it.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from voiceform.twilio.dates import date_of, parse_date
from voiceform.twilio.fields import (
    Json,
    MalformedAnswerError,
    as_object,
    date_text,
    flag,
    number,
    optional_sid,
    optional_text,
    price,
    sid,
    text,
)
from voiceform.twilio.rows import TypedRow, some_number, some_price, some_seconds, some_text, told
from voiceform.twilio.sids import is_sid


class Queue(TypedRow, frozen=True, kw_only=True, gc=False):
    """A call queue. `average_wait_time` is in seconds and, like `current_size`, true for a moment only."""

    sids = (("sid", "QU"),)
    numbers = ("told_max_size", "told_current_size", "told_average_wait_time")

    friendly_name: str = ""
    told_max_size: int | str | None = None
    told_current_size: int | str | None = None
    told_average_wait_time: int | str | None = None
    told_account_sid: str | None = None
    told_date_created: str | None = None
    told_date_updated: str | None = None

    max_size = told("max_size", some_number)
    current_size = told("current_size", some_number)
    average_wait_time = told("average_wait_time", some_number)
    account_sid = told("account_sid", some_text)
    date_created = told("date_created", date_of)
    date_updated = told("date_updated", date_of)

    @classmethod
    def parse(cls, value: object) -> Self:
        """From decoded JSON; raises MalformedAnswerError."""
        data = as_object(value)
        return cls(
            sid=sid(data, "sid", "QU"),
            friendly_name=text(data, "friendly_name"),
            told_max_size=number(data, "max_size"),
            told_current_size=number(data, "current_size"),
            told_average_wait_time=number(data, "average_wait_time"),
            told_account_sid=optional_text(data, "account_sid"),
            told_date_created=date_text(data, "date_created"),
            told_date_updated=date_text(data, "date_updated"),
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


class Call(TypedRow, frozen=True, kw_only=True, gc=False):
    """A call. `duration` is in seconds, `queue_time` in milliseconds (an estimate, at creation).

    `status` is queued, ringing, in-progress, completed, busy, failed, no-answer or canceled; `start_time` is
    None until it is dialled.
    """

    sids = (("sid", "CA"), ("told_parent_call_sid", "CA"))
    numbers = ("told_duration", "told_queue_time")
    private = frozenset({"to", "told_from", "told_caller_name", "told_forwarded_from"})

    status: str = ""
    to: str = ""
    told_from: str = ""
    direction: str = ""
    told_account_sid: str | None = None
    told_parent_call_sid: str | None = None
    told_phone_number_sid: str | None = None
    told_duration: int | str | None = None
    told_queue_time: int | str | None = None
    told_price: str | int | float | None = None
    told_price_unit: str | None = None
    told_answered_by: str | None = None
    told_caller_name: str | None = None
    told_forwarded_from: str | None = None
    told_group_sid: str | None = None
    told_start_time: str | None = None
    told_end_time: str | None = None
    told_date_created: str | None = None
    told_date_updated: str | None = None

    from_ = told("from", str)
    account_sid = told("account_sid", some_text)
    parent_call_sid = told("parent_call_sid", some_text)
    phone_number_sid = told("phone_number_sid", some_text)
    duration = told("duration", some_seconds)
    queue_time = told("queue_time", some_number)
    price = told("price", some_price)
    price_unit = told("price_unit", some_text)
    answered_by = told("answered_by", some_text)
    caller_name = told("caller_name", some_text)
    forwarded_from = told("forwarded_from", some_text)
    group_sid = told("group_sid", some_text)
    start_time = told("start_time", date_of)
    end_time = told("end_time", date_of)
    date_created = told("date_created", date_of)
    date_updated = told("date_updated", date_of)

    @classmethod
    def parse(cls, value: object) -> Self:
        """From decoded JSON; raises MalformedAnswerError."""
        data = as_object(value)
        return cls(
            sid=sid(data, "sid", "CA"),
            status=text(data, "status"),
            to=text(data, "to"),
            told_from=text(data, "from"),
            direction=text(data, "direction"),
            told_account_sid=optional_text(data, "account_sid"),
            told_parent_call_sid=optional_sid(data, "parent_call_sid", "CA"),
            told_phone_number_sid=optional_text(data, "phone_number_sid"),
            told_duration=number(data, "duration"),
            told_queue_time=number(data, "queue_time"),
            told_price=price(data, "price"),
            told_price_unit=optional_text(data, "price_unit"),
            told_answered_by=optional_text(data, "answered_by"),
            told_caller_name=optional_text(data, "caller_name"),
            told_forwarded_from=optional_text(data, "forwarded_from"),
            told_group_sid=optional_text(data, "group_sid"),
            told_start_time=date_text(data, "start_time"),
            told_end_time=date_text(data, "end_time"),
            told_date_created=date_text(data, "date_created"),
            told_date_updated=date_text(data, "date_updated"),
        )

    @classmethod
    def made(cls, value: object) -> Self:
        """From the answer to its creation; raises MalformedAnswerError."""
        with suppress(MalformedAnswerError):
            return cls.parse(value)
        data = as_object(value)
        return cls(sid=sid(data, "sid", "CA"), status=_word(data, "status"))


class Recording(TypedRow, frozen=True, kw_only=True, gc=False):
    """A recording's description. `duration` is in seconds; None while it runs.

    `status` is in-progress, paused, stopped, processing, completed, absent, failed or deleted (only with
    `include_soft_deleted`). `encryption_details` is what an encrypted recording's audio is useless without.
    """

    sids = (("sid", "RE"), ("told_call_sid", "CA"), ("told_conference_sid", "CF"))
    numbers = ("told_duration",)
    private = frozenset({"encryption_details"})

    status: str = ""
    source: str = ""
    told_account_sid: str | None = None
    told_call_sid: str | None = None
    told_conference_sid: str | None = None
    channels: int | None = None
    told_duration: int | str | None = None
    told_track: str | None = None
    told_price: str | int | float | None = None
    told_price_unit: str | None = None
    error_code: int | None = None
    encryption_details: dict[str, Any] | None = None
    told_start_time: str | None = None
    told_date_created: str | None = None
    told_date_updated: str | None = None

    account_sid = told("account_sid", some_text)
    call_sid = told("call_sid", some_text)
    conference_sid = told("conference_sid", some_text)
    duration = told("duration", some_seconds)
    track = told("track", some_text)
    price = told("price", some_price)
    price_unit = told("price_unit", some_text)
    start_time = told("start_time", date_of)
    date_created = told("date_created", date_of)
    date_updated = told("date_updated", date_of)

    @classmethod
    def parse(cls, value: object) -> Self:
        """From decoded JSON; raises MalformedAnswerError."""
        data = as_object(value)
        encryption = data.get("encryption_details")
        return cls(
            sid=sid(data, "sid", "RE"),
            status=text(data, "status"),
            source=text(data, "source"),
            told_account_sid=optional_text(data, "account_sid"),
            told_call_sid=optional_sid(data, "call_sid", "CA"),
            told_conference_sid=optional_sid(data, "conference_sid", "CF"),
            channels=number(data, "channels"),
            told_duration=number(data, "duration"),
            told_track=optional_text(data, "track"),
            told_price=price(data, "price"),
            told_price_unit=optional_text(data, "price_unit"),
            error_code=number(data, "error_code"),
            encryption_details=encryption if isinstance(encryption, dict) else None,
            told_start_time=date_text(data, "start_time"),
            told_date_created=date_text(data, "date_created"),
            told_date_updated=date_text(data, "date_updated"),
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
