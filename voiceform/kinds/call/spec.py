"""A schedule of calls as the plan, apply and dispatch read it from plain JSON attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from voiceform.kinds.call.dialling.donotcall import ListSpec
from voiceform.kinds.call.limits.spec import LimitSpec
from voiceform.kinds.call.people import Person, people_of, zones_of
from voiceform.kinds.call.retry import Retry
from voiceform.kinds.call.rules.book import RuleBook
from voiceform.kinds.call.rules.faults import RuleError
from voiceform.kinds.call.timing.schedule import Schedule, ScheduleError
from voiceform.kinds.outgoing.parameters import (
    fallback_parameters,
    for_one,
    parameters,
    recording_parameters,
)
from voiceform.model.address import Address
from voiceform.model.durations import parse_duration
from voiceform.model.resource import Attributes, fingerprint

KIND = "call"
T = TypeVar("T")
_NEVER = {"at": "1970-01-01", "timezone": "UTC"}


@dataclass(frozen=True, slots=True)
class CallSpec:
    """One schedule. `ledger` names its ledger: the first address that it had, so that a renamed schedule
    finds what it did before. `to` are the numbers in order, `people` what else is known of those of whom more
    is known. `pace` is in calls per second. `parameters` are the keywords of createCall but `to`, `recording`
    those of createCallRecording, `fallback` those that go with a new answer."""

    address: Address
    ledger: str
    to: tuple[str, ...]
    from_: str
    schedule: Schedule
    grace: timedelta
    rules: RuleBook
    do_not_call: tuple[ListSpec, ...]
    retry: Retry
    pace: float
    record: bool
    answer: Mapping[str, Any]
    parameters: Mapping[str, Any]
    recording: Mapping[str, Any]
    fallback: Mapping[str, Any]
    cancel_on_remove: bool
    redirect_on_change: bool
    enabled: bool
    people: Mapping[str, Person] = field(default_factory=dict)
    purpose: str | None = None
    limits: tuple[LimitSpec, ...] = ()

    @classmethod
    def of(cls, address: Address, attributes: Attributes) -> CallSpec:
        """The schedule that these attributes (see parse.py) describe.

        Raises ScheduleError, which names the address, for what cannot be read here: another version may have
        recorded it, or a machine that knows more zones.
        """
        return cls(
            address=address,
            ledger=attributes.get("ledger") or str(address),
            to=tuple(attributes["to"]),
            from_=attributes["from"],
            schedule=_read(address, "schedule", Schedule.parse, attributes["schedule"]),
            grace=parse_duration(attributes["misfire_grace"]),
            rules=_rules(address, attributes),
            do_not_call=tuple(
                _read(address, "do_not_call", ListSpec.of, item) for item in attributes["do_not_call"] or ()
            ),
            retry=Retry.of(attributes["retry"]),
            pace=float(attributes["pace"]),
            record=attributes["record"],
            answer=attributes["answer"],
            parameters=_parameters(attributes),
            recording=recording_parameters(attributes),
            fallback=fallback_parameters(attributes),
            cancel_on_remove=attributes["on_remove"] == "cancel",
            redirect_on_change=attributes["on_change"] == "redirect",
            enabled=attributes["enabled"],
            people=people_of(attributes.get("people")),
            purpose=attributes.get("purpose"),
            limits=tuple(
                _read(address, "contact_limits", LimitSpec.parse, item)
                for item in attributes.get("contact_limits") or ()
            ),
        )

    @classmethod
    def ended(cls, address: Address, attributes: Attributes) -> CallSpec:
        """The schedule, to end it: when it would call does not matter, nor whether that can be read."""
        unread = {"schedule": _NEVER, "calling_hours": None, "rules": {}, "do_not_call": None}
        return cls.of(address, {**attributes, **unread})

    def zones_of(self, to: str) -> tuple[ZoneInfo, ...]:
        """Every zone in which the person called at `to` may be; empty when nobody knows."""
        return zones_of(to, self.people.get(to))

    def limits_of(self, to: str) -> tuple[LimitSpec, ...]:
        """What limits how often the person at `to` is called."""
        return self.limits

    def clocks_of(self, to: str) -> tuple[ZoneInfo, ...]:
        """The zones whose clocks count for the rules about `to`; empty when nobody knows, and then the number
        is never called in their hours. Where no rule has hours, that of the schedule."""
        if not self.rules.has_hours(to):
            return (self.schedule.zone,)
        return self.rules.zones(to, self.zones_of)

    def request(self, to: str) -> dict[str, Any]:
        """The keywords of createCall for one person."""
        return {"to": to, **for_one(self.parameters, to)}

    @property
    def answer_digest(self) -> str:
        """What a placed call remembers of its answer, to see later whether it has changed."""
        return fingerprint(answer_parameters(self.answer))


def _read(address: Address, key: str, parse: Callable[[Mapping[str, Any]], T], block: Mapping[str, Any]) -> T:
    """What `parse` makes of a block; errors name the address, for what is recorded stands in no file."""
    try:
        return parse(block)
    except ScheduleError as error:
        error.where = str(address)
        raise
    except RuleError as error:
        raise ScheduleError(key, error.what, error.hint, where=str(address)) from None
    except ValueError as error:
        raise ScheduleError(key, str(error), where=str(address)) from None


def _rules(address: Address, attributes: Attributes) -> RuleBook:
    hours, rules = attributes["calling_hours"], attributes["rules"]
    short = (
        _read(address, "calling_hours", lambda block: RuleBook.of(block, {}), hours) if hours else RuleBook()
    )
    named = _read(address, "rules", lambda block: RuleBook.of(None, block), rules)
    return RuleBook((*short.rules, *named.rules))


def answer_parameters(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an answer that is sent."""
    return {key: value for key, value in answer.items() if key != "of"}


def _parameters(attributes: Attributes) -> dict[str, Any]:
    recorded = {"record": True} if attributes["record"] else {}
    answer = answer_parameters(attributes["answer"])
    return {"from_": attributes["from"], **answer, **recorded, **parameters(attributes, "async_amd")}
