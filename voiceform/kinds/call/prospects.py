"""What is due of schedules, and whom each calls next, judged together: one person may be on several lists."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from voiceform.kinds.call.dialling.donotcall import NotCalled
from voiceform.kinds.call.dialling.verdicts import Due, Judge, Verdict
from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.call.limits.foresight import Foresight, Known
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.timing.localtime import Occurrence
from voiceform.model.address import Address

_FOLLOWING = 3
CALLED = (Verdict.PLACE, Verdict.WAIT)


@dataclass(frozen=True, slots=True)
class Prospect:
    """What is due of one schedule, its next occurrences, and a verdict for everybody at the first of them."""

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
    first = {address: occurrences[0] for address, occurrences in following.items() if occurrences}
    then: dict[Address, Sequence[Due]] = {}
    for address in sorted(first, key=lambda address: (first[address].instant, address)):
        outlook, instant = outlooks[address], first[address].instant
        then[address] = list(judged(outlook.spec, instant, outlook.spec.to, outlook.do_not_call, foresight))
        if not outlook.paused:
            count_placed(foresight, outlook.spec, then[address], instant)
    return {
        address: Prospect(due[address], following[address], then.get(address, ())) for address in outlooks
    }


def judged(
    spec: CallSpec,
    instant: datetime,
    people: Iterable[str],
    do_not_call: NotCalled | None,
    foresight: Foresight | None,
) -> Iterator[Due]:
    """A verdict for everybody who is called at an occurrence, when it comes; each as it is asked for."""
    judge = Judge(spec, instant, None, do_not_call, foresight)
    return (judge.verdict(Key(instant, to), instant) for to in people)


def count_placed(foresight: Foresight, spec: CallSpec, items: Iterable[Due], now: datetime) -> None:
    """Count those that will be placed, now or when they have waited."""
    for item in items:
        if item.verdict in CALLED:
            foresight.foresee(spec, item.key.to, item.until or now)
