"""A schedule of calls as the plan, apply and dispatch read it from plain JSON attributes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from voiceform.kinds.call.dialling.donotcall import FileSpec, ListSpec
from voiceform.kinds.call.dialling.reassigned import ReassignedSpec
from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.call.limits.spec import LimitSpec
from voiceform.kinds.call.people import Person, Roster, occurrences_of
from voiceform.kinds.call.retry import Retry
from voiceform.kinds.call.rules.book import RuleBook, RulesOfNumber
from voiceform.kinds.call.rules.faults import RuleError
from voiceform.kinds.call.templates import attributes_with_names, filled_answer, require_columns
from voiceform.kinds.call.timing.schedule import Schedule, ScheduleError
from voiceform.kinds.call.waves import Waves
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
B = TypeVar("B")
_NEVER = {"at": "1970-01-01", "timezone": "UTC"}


@dataclass(frozen=True)
class CallSpec:
    """One schedule. `ledger` names its ledger: the first address that it had, so that a renamed schedule
    finds what it did before. `to` are the numbers in order, `people` what else is known of those of whom more
    is known, and `columns` those that the answer names. `pace` is in calls per second, and so is `max_cps`,
    for all schedules together. `parameters` are the keywords of createCall but `to`, with the answer as it is
    declared, `recording` those of createCallRecording, `fallback` those that go with a new answer.
    `misfire_latest`: of several occurrences of one person that are due, the latest alone is called."""

    address: Address
    ledger: str
    to: tuple[str, ...]
    from_: str
    schedule: Schedule
    grace: timedelta
    rules: RuleBook
    do_not_call: tuple[ListSpec, ...]
    reassigned: ReassignedSpec | None
    retry: Retry
    waves: Waves | None
    pace: float
    record: bool
    answer: Mapping[str, Any]
    parameters: Mapping[str, Any]
    recording: Mapping[str, Any]
    fallback: Mapping[str, Any]
    cancel_on_remove: bool
    redirect_on_change: bool
    enabled: bool
    purpose: str | None = None
    limits: tuple[LimitSpec, ...] = ()
    misfire_latest: bool = False
    max_cps: float | None = None
    people: Roster = field(default_factory=Roster)
    columns: tuple[str, ...] = ()

    @classmethod
    def of(cls, address: Address, attributes: Attributes) -> CallSpec:
        """The schedule that these attributes (see parse.py) describe.

        Raises ScheduleError, which names the address, for what cannot be read here: another version may have
        recorded it, or a machine that knows more zones.
        """
        columns = tuple(attributes.get("columns", ()))
        rows = attributes.get("people", ())
        people = _read(address, "people", lambda rows: Roster(rows, columns, attributes["to"]), rows)
        _read(address, "answer", lambda answer: require_columns(answer, columns), attributes["answer"])
        schedule = _read(address, "schedule", Schedule.parse, attributes["schedule"])
        if schedule.column is not None:
            times = _read(address, "people", lambda zone: occurrences_of(people, zone), schedule.zone)
            schedule = replace(schedule, times=times)
        return cls(
            address=address,
            ledger=attributes.get("ledger") or str(address),
            to=tuple(attributes["to"]),
            from_=attributes["from"],
            schedule=schedule,
            grace=parse_duration(attributes["misfire_grace"]),
            rules=_rules(address, attributes),
            do_not_call=tuple(
                _read(address, "do_not_call", ListSpec.of, item) for item in attributes["do_not_call"] or ()
            ),
            reassigned=_reassigned(address, attributes),
            retry=Retry.of(attributes["retry"]),
            waves=Waves.of(attributes["waves"]) if attributes["waves"] else None,
            pace=float(attributes["pace"]),
            record=attributes["record"],
            answer=attributes["answer"],
            parameters=_parameters(attributes),
            recording=recording_parameters(attributes),
            fallback=fallback_parameters(attributes),
            cancel_on_remove=attributes["on_remove"] == "cancel",
            redirect_on_change=attributes["on_change"] == "redirect",
            enabled=attributes["enabled"],
            purpose=attributes.get("purpose"),
            limits=tuple(
                _read(address, "contact_limits", LimitSpec.parse, item)
                for item in attributes.get("contact_limits") or ()
            ),
            misfire_latest=schedule.repeats and attributes.get("misfire") == "latest",
            people=people,
            columns=columns,
            max_cps=attributes.get("max_cps"),
        )

    @classmethod
    def ended(cls, address: Address, attributes: Attributes) -> CallSpec:
        """The schedule, to end it: when it would call, and with which words, does not matter, nor whether it
        can be read."""
        unread = {"schedule": _NEVER, "calling_hours": None, "rules": {}, "do_not_call": None}
        words: dict[str, Any] = {"people": (), "columns": (), "answer": {}}
        return cls.of(address, {**attributes, **unread, **words, "reassigned": None})

    @property
    def lists(self) -> tuple[FileSpec, ...]:
        """The files by which people are not called."""
        return (*self.do_not_call, *([self.reassigned] if self.reassigned is not None else []))

    @property
    def speed(self) -> float:
        """Calls per second at most: its own pace, or that of all schedules together."""
        return self.pace if self.max_cps is None else min(self.pace, self.max_cps)

    def zones_of(self, to: str) -> tuple[ZoneInfo, ...]:
        """Every zone in which the person called at `to` may be; empty when nobody knows."""
        return self.people.zones(to)

    @property
    def every_limit(self) -> tuple[LimitSpec, ...]:
        """What limits how often somebody of the schedule is called, whoever that may be."""
        return (*self.limits, *(limit for rule in self.rules.rules for limit in rule.limits))

    def limits_of(self, to: str) -> tuple[LimitSpec, ...]:
        """What limits how often the person at `to` is called."""
        if not self.rules.has_limits:
            return self.limits
        return (*self.limits, *self.rules_of(to).limits)

    def rules_of(self, to: str) -> RulesOfNumber:
        """The rules that have to allow a call to `to`."""
        known = self._rules_known.get(to)
        if known is None:
            known = self._rules_known[to] = self.rules.about(to, self.zones_of)
        return known

    def clocks_of(self, to: str) -> tuple[ZoneInfo, ...]:
        """The zones whose clocks count for the rules about `to`; empty when nobody knows, and then the number
        is never called in their hours. Where no rule has hours, that of the person or of the schedule."""
        rules = self.rules_of(to)
        if not rules.clocks:
            own = {person.timezone for person in self.people.of(to)} - {None}
            return self.people.zones(to) if len(own) == 1 else (self.schedule.zone,)
        return rules.zones

    def called_at(self, instant: datetime) -> tuple[str, ...]:
        """Whom an occurrence calls: those whose time it is, or everybody."""
        return self._called.get(instant, ()) if self.schedule.column is not None else self.to

    def is_wanted(self, key: Key) -> bool:
        """Whether whom a key names is still to be called for its occurrence."""
        if self.schedule.column is not None:
            return key.to in self._at.get(key.occurrence, ())
        return key.to in self._numbers

    def answer_for(self, key: Key) -> dict[str, Any]:
        """The parameters of createCall that say what is heard. Where texts name columns, a call that a person
        places by hand, or to whom no row has, says the names of these."""
        answer = answer_parameters(self.answer)
        if not self.columns:
            return answer
        who = self._hearer(key)
        return filled_answer(answer, self._sample() if who is None else who.columns)

    def hears_declared(self, key: Key) -> bool:
        """Whether it is known what whom a key names is to hear: a row that is gone took its words along."""
        return not self.columns or self._hearer(key) is not None

    def _hearer(self, key: Key) -> Person | None:
        """Whose words a call has; nobody's has one that a person places to hear it."""
        return self.people.at(key.to, key.occurrence) if key.attempt > 0 else None

    def request(self, key: Key) -> dict[str, Any]:
        """The keywords of createCall for one person."""
        return {"to": key.to, **for_one({**self.parameters, **self.answer_for(key)}, key.to)}

    def answer_digest(self, key: Key) -> str:
        """What a placed call remembers of its answer, to see later whether it has changed."""
        return fingerprint(self.answer_for(key))

    def _sample(self) -> Mapping[str, str]:
        """The names of columns in place of what they hold; but what stands in attributes is somebody's, since
        a language has to be one."""
        first = next(iter(self.people.values()), None)
        own = attributes_with_names(self.answer["twiml"]) if "twiml" in self.answer else frozenset()
        held = {} if first is None else first.columns
        return {name: held.get(name, name) if name in own else name for name in self.columns}

    @cached_property
    def _called(self) -> Mapping[datetime, tuple[str, ...]]:
        return self.people.by_time()

    @cached_property
    def _at(self) -> Mapping[datetime, frozenset[str]]:
        """As `_called`, to look somebody up: very many may have one time."""
        return {instant: frozenset(people) for instant, people in self._called.items()}

    @cached_property
    def _rules_known(self) -> dict[str, RulesOfNumber]:
        """For each number that was asked about: whoever plans asks several times about each."""
        return {}

    @cached_property
    def _numbers(self) -> frozenset[str]:
        return frozenset(self.to)


def digest_of(attributes: Attributes) -> str:
    """Which version of a schedule this is: the same for the same attributes, wherever they were read."""
    return fingerprint(attributes)


def _read(address: Address, key: str, parse: Callable[[B], T], block: B) -> T:
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


def _reassigned(address: Address, attributes: Attributes) -> ReassignedSpec | None:
    declared = attributes.get("reassigned")
    return None if declared is None else _read(address, "reassigned", ReassignedSpec.of, declared)


def answer_parameters(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an answer that is sent."""
    return {key: value for key, value in answer.items() if key != "of"}


def _parameters(attributes: Attributes) -> dict[str, Any]:
    recorded = {"record": True} if attributes["record"] else {}
    answer = answer_parameters(attributes["answer"])
    return {"from_": attributes["from"], **answer, **recorded, **parameters(attributes, "async_amd")}
