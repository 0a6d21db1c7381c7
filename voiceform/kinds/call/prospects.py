"""What is due of schedules, and whom each calls next, judged together: one person may be on several lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from voiceform.kinds.call.dialling.donotcall import NotCalled
from voiceform.kinds.call.dialling.verdicts import Due, Judge, Verdict
from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.call.limits.foresight import Foresight, Known
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.timing.localtime import Occurrence
from voiceform.kinds.call.timing.schedule import HORIZON
from voiceform.model.address import Address

_FOLLOWING = 3
CALLED = (Verdict.PLACE, Verdict.WAIT)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is due of one schedule, its next occurrences, and a verdict for everybody at the first of them; or
    of one with a time for each, for everybody who is to come, in the order of time."""

    due: Sequence[Due]
    following: Sequence[Occurrence]
    next: Sequence[Due]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a prospect is made from. `due` judges what is due now by the contacts that it is given; a schedule
    that is `paused` places nothing."""

    spec: CallSpec
    do_not_call: NotCalled | None
    due: Callable[[Foresight], Sequence[Due]]
    paused: bool


def prospects(outlooks: Mapping[Address, Outlook], known: Known, now: datetime) -> dict[Address, Prospect]:
    """The prospect of each schedule: what is due in their order, as apply places it, and then what follows in
    the order of time. Calls that are placed before count for those that come later."""
    foresight = Foresight(known)
    due: dict[Address, Sequence[Due]] = {}
    for address, outlook in outlooks.items():
        due[address] = outlook.due(foresight)
        if not outlook.paused:
            count_placed(foresight, outlook.spec, due[address], now)
    following = {
        address: outlook.spec.schedule.following(now, _FOLLOWING) for address, outlook in outlooks.items()
    }
    then: dict[Address, list[Due]] = {address: [] for address in outlooks}
    moments = (
        (occurrence.instant, address)
        for address, occurrences in following.items()
        for occurrence in _next(outlooks[address].spec, occurrences, now)
    )
    for instant, address in sorted(moments):
        outlook = outlooks[address]
        spec = outlook.spec
        found = list(judged(spec, instant, spec.called_at(instant), outlook.do_not_call, foresight))
        then[address].extend(found)
        if not outlook.paused:
            count_placed(foresight, spec, found, instant)
    return {address: Prospect(due[address], following[address], then[address]) for address in outlooks}


def _next(spec: CallSpec, following: Sequence[Occurrence], now: datetime) -> Sequence[Occurrence]:
    """The next occurrence; or all that are to come, where each is somebody else's."""
    if spec.schedule.column is None:
        return following[:1]
    return spec.schedule.between(now + timedelta(microseconds=1), now + HORIZON)


def judged(
    spec: CallSpec,
    instant: datetime,
    people: Iterable[str],
    do_not_call: NotCalled | None,
    foresight: Foresight | None,
) -> Iterator[Due]:
    """A verdict for everybody who is called at an occurrence, when it comes, or when the wave begins at the
    latest; each as it is asked for."""
    wave, begins = None, instant
    judge = Judge(spec, instant, None, do_not_call, foresight)
    for index, to in enumerate(people):
        if spec.waves is not None and spec.waves.number(index) != wave:
            wave = spec.waves.number(index)
            begins = instant + spec.waves.begins(wave, spec.speed)
            judge = Judge(spec, begins, None, do_not_call, foresight)
        found = judge.verdict(Key(instant, to), begins)
        yield found if wave is None else replace(found, wave=wave)


def count_placed(foresight: Foresight, spec: CallSpec, items: Iterable[Due], now: datetime) -> None:
    """Count those that will be placed, now or when they have waited."""
    for item in items:
        if item.verdict in CALLED:
            foresight.foresee(spec, item.key.to, item.until or now)
