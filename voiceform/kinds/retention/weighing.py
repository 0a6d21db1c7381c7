"""Recordings as they are listed, each with its decision: what needs calls is decided when they are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from voiceform.kinds.retention.call_lookup import CallBook
from voiceform.kinds.retention.policy import Decision, Policy, Ruling
from voiceform.twilio.sids import normal_sid

if TYPE_CHECKING:
    from voiceform.twilio.resources import Recording

_BATCH = 5000
_NEEDED = Ruling.NEEDED


def weighed(
    pages: Iterable[Sequence[Recording]],
    weigh: Callable[[Recording], Decision],
    book: CallBook,
    policy: Policy,
) -> Iterator[Sequence[tuple[Recording, Decision]]]:
    """Each recording with what `weigh` makes of it, many at a time; what needs calls comes later, when `book`
    knows them. Those that are named are looked up first, since they may be enough."""
    waiting: list[Recording] = []
    related = False
    for rows in pages:
        decided = []
        for row in rows:
            decision = weigh(row)
            if decision.ruling is _NEEDED and not related:
                relate(policy, book)
                related, decision = True, weigh(row)
            if decision.ruling is _NEEDED:
                waiting.append(row)
            else:
                decided.append((row, decision))
        yield decided
        if len(waiting) >= _BATCH:
            yield _looked_up(waiting, weigh, book)
            waiting = []
    if waiting:
        yield _looked_up(waiting, weigh, book)


def _looked_up(
    waiting: Sequence[Recording], weigh: Callable[[Recording], Decision], book: CallBook
) -> Sequence[tuple[Recording, Decision]]:
    """Decide what needs calls, for many at once."""
    calls = {normal_sid(row.call_sid, "CA"): row.date_created for row in waiting}
    book.look_up({sid: made for sid, made in calls.items() if sid is not None and made is not None})
    return [(row, weigh(row)) for row in waiting]


def relate(policy: Policy, book: CallBook) -> None:
    """Let `book` know the calls that rules and holds name."""
    for match in (*(rule.match for rule in policy.rules), *(hold.match for hold in policy.holds)):
        if match.call_sid is not None:
            book.relate(match.call_sid)
