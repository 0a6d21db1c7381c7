"""Change freezes: while one lasts, plans with changes of its kinds are refused unless somebody approves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from voiceform.model.plan import Action, Blocked, Change, Plan
from voiceform.model.safety import Freeze
from voiceform.model.wording import counted

RULE = "freeze"


def frozen(changes: Sequence[Change], freezes: Iterable[Freeze], now: datetime) -> Iterator[Blocked]:
    """What each freeze that lasts at `now` refuses of these changes."""
    for freeze in freezes:
        if not freeze.start <= now < freeze.end:
            continue
        concerned = [
            change
            for change in changes
            if change.action is not Action.NO_OP and (not freeze.kinds or change.kind in freeze.kinds)
        ]
        if concerned:
            count = len(concerned)
            yield Blocked(
                rule="freeze",
                message=f"{counted(count, 'change')} in the freeze of {freeze.period}: {freeze.reason}",
                hint=f"wait until it is over, or if this cannot wait, approve it: --approve {RULE}={count}",
                addresses=tuple(change.address for change in concerned),
                scope=RULE,
                count=count,
            )


def as_of(plan: Plan, now: datetime) -> Plan:
    """The plan with the freezes that last at `now` in the place of those that lasted when it was made: it may
    have been saved before one began."""
    others = tuple(blocked for blocked in plan.blocked if blocked.rule != RULE)
    return replace(plan, blocked=(*others, *frozen(plan.changes, plan.freezes, now)))
