"""Whether the calls of several schedules that are due together fit into the pace that they share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from voiceform.kinds.call.spec import CallSpec
from voiceform.model.plan import Caution
from voiceform.model.wording import counted


@dataclass(frozen=True, slots=True)
class Load:
    """How many calls of a schedule, or of its largest wave, are due at an instant."""

    spec: CallSpec
    instant: datetime
    calls: int


def load_of(spec: CallSpec, instant: datetime, calls: int) -> Load:
    """Of an occurrence that calls so many people."""
    largest = calls if spec.waves is None else max(spec.waves.sizes(calls), default=0)
    return Load(spec, instant, largest)


def crowded(loads: Iterable[Load]) -> Iterator[Caution]:
    """For whom the misfire grace ends before the calls that are due before and with theirs have been placed,
    one after the other at `safety.max_cps`. Of a schedule that is too slow alone its own line tells."""
    free: datetime | None = None
    waiting: list[Load] = []
    for load in sorted(loads, key=lambda item: (item.instant, item.spec.address)):
        cps = load.spec.max_cps
        if cps is None or not load.calls:
            continue
        if free is None or load.instant >= free:
            free, waiting = load.instant, []
        waiting.append(load)
        free += timedelta(seconds=load.calls / cps)
        late = free - timedelta(seconds=1 / cps) - load.instant
        if len(waiting) > 1 and late > load.spec.grace:
            yield _caution(load, waiting, free, cps)


def _caution(load: Load, waiting: list[Load], free: datetime, cps: float) -> Caution:
    calls = counted(sum(item.calls for item in waiting), "call")
    done = f"{free.astimezone(load.spec.schedule.zone):%H:%M:%S %Z}"
    return Caution(
        load.spec.address,
        f"{len(waiting)} schedules share safety.max_cps, {cps:g} a second: their {calls} are placed by about"
        f" {done}, and the misfire grace ends before",
        "raise safety.max_cps or misfire_grace, or let them be due at other times",
    )
