"""What schedules would do in a span of time, without asking ledger or account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import merge
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.dialling.list_files import list_of
from voiceform.kinds.call.dialling.verdicts import Due, Verdict, reasons_of
from voiceform.kinds.call.impact import moment
from voiceform.kinds.call.ledger.pauses import Pause
from voiceform.kinds.call.limits.foresight import Foresight, Known, reach
from voiceform.kinds.call.prospects import CALLED, count_placed, judged
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.timing.localtime import Occurrence
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.instants import instant_to_text
from voiceform.model.wording import counted


@dataclass(frozen=True, slots=True)
class Preview:
    """One occurrence. `calls` are placed at once, `waiting` when the rules allow it, until `finish` at the
    latest; `kept` counts what they wait for, `left_out` reasons why others are not called. While `pause`
    stands nobody is. All in all `people` are on the list."""

    spec: CallSpec
    occurrence: Occurrence
    calls: int
    waiting: int
    left_out: tuple[tuple[str, int], ...]
    finish: datetime
    pause: Pause | None = None
    kept: tuple[tuple[str, int], ...] = ()
    people: int = 0

    def text(self) -> str:
        """One line for readers, and one for each reason."""
        when = moment(self.occurrence, self.spec.schedule.zone)
        head = f"{when}  {self.spec.address}  {counted(self.calls, 'call')}"
        if self.waiting:
            head += f", {self.waiting} more when their calling hours begin"
        if self.spec.waves is not None:
            head += f", in {self.spec.waves.text(self.people)}"
        if self.pause is not None:
            head += f"; {self.pause}"
        waiting = [f"    waiting: {count} ({reason})" for reason, count in self.kept]
        return "\n".join(
            [head, *waiting, *(f"    not called: {count} ({reason})" for reason, count in self.left_out)]
        )

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
            "waiting_for": [{"reason": reason, "count": count} for reason, count in self.kept],
            "not_called": [{"reason": reason, "count": count} for reason, count in self.left_out],
            "finished_at": instant_to_text(self.finish),
            "paused": None if self.pause is None else str(self.pause),
            "waves": None if self.spec.waves is None else list(self.spec.waves.sizes(self.people)),
        }


@dataclass(frozen=True, slots=True)
class PersonPreview:
    """One person at one occurrence: called at `called_at`, or not because of `reason`. `zones` are those
    whose clocks count for the rules, or that of the schedule; `rules` those that keep the person waiting, or
    from being called: names, or `calling_hours`. With waves `called_at` is when the person's, `wave`, begins
    at the latest."""

    address: Address
    occurrence: datetime
    to: str
    called_at: datetime | None
    zones: tuple[ZoneInfo, ...]
    reason: str | None
    rules: tuple[str, ...] = ()
    wave: int | None = None


@dataclass(frozen=True, slots=True)
class PeoplePreview:
    """Whom schedules call at one occurrence: `count` people, each judged as `people` comes to them."""

    count: int
    people: Iterator[PersonPreview]


@dataclass(frozen=True, slots=True)
class Forecast:
    """All schedules of a stack, and what their calls depend on.

    Do-not-call lists are as old as they are `now`. Limits of contacts are over all schedules, so what others
    place counts too, from now on; `contacts` is what is known of calls that were placed.
    """

    specs: Sequence[CallSpec]
    places: Places
    now: datetime
    pauses: Mapping[Address, Pause]
    contacts: Known = field(default_factory=dict)

    def previews(self, shown: Collection[Address], start: datetime, end: datetime) -> Iterator[Preview]:
        """Every occurrence of the schedules `shown` from `start` to `end`, in order of time, computed one by
        one."""
        for spec, occurrence, due in self._judged(shown, start, end, None):
            yield replace(_preview(spec, occurrence, due), pause=self.pauses.get(spec.address))

    def people(
        self, shown: Collection[Address], start: datetime, end: datetime, instead: Sequence[str] | None = None
    ) -> Iterator[PeoplePreview]:
        """As `previews`, person by person; with `instead` as if these were called, and not who is
        declared."""
        for spec, occurrence, due in self._judged(shown, start, end, instead):
            numbers = spec.called_at(occurrence.instant) if instead is None else instead
            people = _people(spec, occurrence.instant, due, self.pauses.get(spec.address))
            yield PeoplePreview(len(numbers), people)

    def _judged(
        self, shown: Collection[Address], start: datetime, end: datetime, instead: Sequence[str] | None
    ) -> Iterator[tuple[CallSpec, Occurrence, Iterable[Due]]]:
        limited = any(spec.every_limit for spec in self.specs)
        specs = [spec for spec in self.specs if limited or spec.address in shown]
        lists = {spec.address: list_of(spec, self.places, self.now) for spec in specs}
        foresight = Foresight(self.contacts)
        begin = min(start, max(self.now, start - reach(self.specs)))
        streams = [_each(spec, begin, end) for spec in specs]
        for occurrence, spec in merge(*streams, key=lambda pair: (pair[0].instant, pair[1].address)):
            instant, is_shown = occurrence.instant, spec.address in shown
            people = spec.called_at(instant) if instead is None or not is_shown else instead
            counts = limited and instant >= self.now
            due: Iterable[Due] = judged(
                spec, instant, people, lists[spec.address], foresight if counts else None
            )
            if counts:
                due = list(due)
                if spec.address not in self.pauses:
                    count_placed(foresight, spec, due, instant)
            if is_shown and instant >= start:
                yield spec, occurrence, due


def _people(
    spec: CallSpec, instant: datetime, due: Iterable[Due], pause: Pause | None
) -> Iterator[PersonPreview]:
    for item in due:
        when = {Verdict.PLACE: item.since, Verdict.WAIT: item.until}.get(item.verdict)
        reason = None if item.verdict is Verdict.PLACE else item.told
        if pause is not None and when is not None:
            when, reason = None, str(pause)
        rules = tuple(name or "calling_hours" for name in item.rules)
        clocks = spec.clocks_of(item.key.to)
        yield PersonPreview(spec.address, instant, item.key.to, when, clocks, reason, rules, item.wave)


def _each(spec: CallSpec, start: datetime, end: datetime) -> Iterator[tuple[Occurrence, CallSpec]]:
    return ((occurrence, spec) for occurrence in spec.schedule.within(start, end))


def _preview(spec: CallSpec, occurrence: Occurrence, judged_now: Iterable[Due]) -> Preview:
    instant, due = occurrence.instant, list(judged_now)
    verdicts = Counter(item.verdict for item in due)
    others = [item for item in due if item.verdict not in CALLED]
    calls = verdicts[Verdict.PLACE]
    last = due[-1].wave if due else None
    opening = max((item.until or item.since for item in due), default=instant)
    queued = sum(item.verdict in CALLED and item.wave == last for item in due)
    kept = Counter(item.reason or "" for item in due if item.verdict is Verdict.WAIT)
    return Preview(
        spec,
        occurrence,
        calls,
        verdicts[Verdict.WAIT],
        tuple(reasons_of(others)),
        opening + timedelta(seconds=max(queued - 1, 0) / spec.speed),
        kept=tuple(kept.most_common()),
        people=len(due),
    )
