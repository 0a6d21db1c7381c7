"""What schedules would do in a span of time, without asking ledger or account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from heapq import merge
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.dialling.donotcall import NotCalled
from voiceform.kinds.call.dialling.list_files import list_of
from voiceform.kinds.call.dialling.verdicts import Judge, Verdict
from voiceform.kinds.call.impact import moment
from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.call.ledger.pauses import Pause
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.timing.localtime import Occurrence
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.instants import instant_to_text
from voiceform.model.resource import Desired


@dataclass(frozen=True, slots=True)
class Preview:
    """One occurrence. `calls` are placed at once, `waiting` when their calling hours begin, until `finish` at
    the latest; `left_out` counts reasons why others are not called. While `pause` stands nobody is."""

    spec: CallSpec
    occurrence: Occurrence
    calls: int
    waiting: int
    left_out: tuple[tuple[str, int], ...]
    finish: datetime
    pause: Pause | None = None

    def text(self) -> str:
        """One line for readers, and one for each reason."""
        head = f"{moment(self.occurrence, self.spec.schedule.zone)}  {self.spec.address}  {self.calls} calls"
        if self.waiting:
            head += f", {self.waiting} more when their calling hours begin"
        if self.pause is not None:
            head += f"; {self.pause}"
        return "\n".join([head, *(f"    not called: {count} ({reason})" for reason, count in self.left_out)])

    def document(self) -> dict[str, Any]:
        """The occurrence as JSON."""
        zone = self.spec.schedule.zone
        return {
            "address": str(self.spec.address),
            "occurrence": instant_to_text(self.occurrence.instant),
            "local": self.occurrence.local(zone).isoformat(),
            "timezone": zone.key,
            "clock_change": self.occurrence.change,
            "note": self.occurrence.note(zone),
            "calls": self.calls,
            "waiting": self.waiting,
            "not_called": [{"reason": reason, "count": count} for reason, count in self.left_out],
            "finished_at": instant_to_text(self.finish),
            "paused": None if self.pause is None else str(self.pause),
        }


@dataclass(frozen=True, slots=True)
class PersonPreview:
    """One person at one occurrence: called at `called_at`, or not because of `reason`. `zones` are those
    whose clocks count for the calling hours, or that of the schedule."""

    address: Address
    occurrence: datetime
    to: str
    called_at: datetime | None
    zones: tuple[ZoneInfo, ...]
    reason: str | None


@dataclass(frozen=True, slots=True)
class PeoplePreview:
    """Whom schedules call at one occurrence: `count` people, each judged as `people` comes to them."""

    count: int
    people: Iterator[PersonPreview]


def people_previews(
    desired: Iterable[Desired],
    start: datetime,
    end: datetime,
    places: Places,
    now: datetime,
    pauses: Mapping[Address, Pause],
    instead: Sequence[str] | None = None,
) -> Iterator[PeoplePreview]:
    """As `previews`, person by person; with `instead` as if these were called, and not who is declared."""
    specs = [CallSpec.of(item.address, item.attributes) for item in desired]
    lists = {spec.address: list_of(spec, places, now) for spec in specs}
    streams = [_each(spec, start, end) for spec in specs]
    for occurrence, spec in merge(*streams, key=lambda pair: (pair[0].instant, pair[1].address)):
        numbers = spec.to if instead is None else instead
        pause = pauses.get(spec.address)
        people = _people(spec, occurrence.instant, numbers, lists[spec.address], pause)
        yield PeoplePreview(len(numbers), people)


def _people(
    spec: CallSpec,
    instant: datetime,
    numbers: Iterable[str],
    do_not_call: NotCalled | None,
    pause: Pause | None,
) -> Iterator[PersonPreview]:
    judge = Judge(spec, instant, None, do_not_call)
    for to in numbers:
        due = judge.verdict(Key(instant, to), instant)
        when = {Verdict.PLACE: instant, Verdict.WAIT: due.until}.get(due.verdict)
        reason = None if due.verdict is Verdict.PLACE else due.reason
        if pause is not None and when is not None:
            when, reason = None, str(pause)
        yield PersonPreview(spec.address, instant, to, when, spec.clocks_of(to), reason)


def previews(
    desired: Iterable[Desired],
    start: datetime,
    end: datetime,
    places: Places,
    now: datetime,
    pauses: Mapping[Address, Pause],
) -> Iterator[Preview]:
    """Every occurrence of these schedules from `start` to `end`, in order of time, computed one by one.

    How old do-not-call lists are counts at `now`.
    """
    specs = [CallSpec.of(item.address, item.attributes) for item in desired]
    lists = {spec.address: list_of(spec, places, now) for spec in specs}
    streams = [_each(spec, start, end) for spec in specs]
    for occurrence, spec in merge(*streams, key=lambda pair: (pair[0].instant, pair[1].address)):
        yield replace(_preview(spec, occurrence, lists[spec.address]), pause=pauses.get(spec.address))


def _each(spec: CallSpec, start: datetime, end: datetime) -> Iterator[tuple[Occurrence, CallSpec]]:
    return ((occurrence, spec) for occurrence in spec.schedule.within(start, end))


def _preview(spec: CallSpec, occurrence: Occurrence, do_not_call: NotCalled | None) -> Preview:
    instant = occurrence.instant
    judge = Judge(spec, instant, None, do_not_call)
    due = [judge.verdict(Key(instant, to), instant) for to in spec.to]
    verdicts = Counter(item.verdict for item in due)
    reasons = Counter(item.reason or "" for item in due if item.verdict not in (Verdict.PLACE, Verdict.WAIT))
    calls = verdicts[Verdict.PLACE]
    opening = max((item.until for item in due if item.until is not None), default=instant)
    queued = timedelta(seconds=max(calls + verdicts[Verdict.WAIT] - 1, 0) / spec.pace)
    return Preview(
        spec, occurrence, calls, verdicts[Verdict.WAIT], tuple(reasons.most_common()), opening + queued
    )
