"""What is at stake when somebody is asked: which account, and what will be done in it, in one sentence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from voiceform.model.plan import Change, Plan
from voiceform.model.scopes import Effect, Scope
from voiceform.model.wording import counted
from voiceform.render.destroyed import destroyed_in, destroys, joined
from voiceform.render.escape import terminal

_ENDS = 4


def account_line(sid: str | None, name: str | None) -> str:
    """`AC… "Acme production"`, whole."""
    return f"{terminal(sid or 'no account')}{_called(name)}"


def stake(plan: Plan, name: str | None) -> str:
    """`Destroy 1,789 recordings (14,546 minutes) for good and apply 2 other changes in AC…0001 "Acme"?`"""
    graver = [*_destroyed(plan), *_deleted(plan), *_phoned(plan)]
    rest = sum(not _is_grave(change, plan) for change in plan.pending)
    if rest or not graver:
        other = "other " if graver else ""
        graver.append(f"apply {counted(rest, f'{other}change')}")
    words = joined(graver)
    sid = plan.account_sid or ""
    short = f"{sid[:2]}…{sid[-_ENDS:]}" if sid else "the account"
    return f"{words[0].upper()}{words[1:]} in {terminal(short)}{_called(name)}?"


def destructive(plan: Plan) -> bool:
    """Whether anything is destroyed or deleted."""
    return any(True for _ in (*_destroyed(plan), *_deleted(plan)))


def _called(name: str | None) -> str:
    return f' "{terminal(name)}"' if name else ""


def _destroyed(plan: Plan) -> Iterator[str]:
    """What goes beside our own objects, with its length where it has one."""
    counts: Counter[Scope] = Counter()
    minutes: Counter[Scope] = Counter()
    for change in plan.pending:
        found = destroys(change, plan.vocabulary)
        counts.update(found)
        if len(found) == 1 and change.minutes is not None:
            minutes.update(dict.fromkeys(found, change.minutes))
    things = [
        scope.amount(count) + (f" ({counted(minutes[scope], 'minute')})" if minutes[scope] else "")
        for scope, count in counts.items()
    ]
    if things:
        yield f"destroy {joined(things)} for good"


def _deleted(plan: Plan) -> Iterator[str]:
    counts: Counter[Scope] = Counter()
    for change in plan.pending:
        found = destroyed_in(change, plan.vocabulary)
        counts.update({scope: count for scope, count in found if scope.objects == change.kind})
    if counts:
        yield f"delete {joined(scope.amount(count) for scope, count in counts.items())}"


def _phoned(plan: Plan) -> Iterator[str]:
    counts: Counter[Scope] = Counter()
    for change in plan.pending:
        scopes = {plan.vocabulary.scope(name): count for name, count in change.counts.items()}
        counts.update({scope: count for scope, count in scopes.items() if scope.effect is Effect.PHONE})
    yield from (f"{scope.verb} {scope.amount(count)}" for scope, count in counts.items() if count)


def _is_grave(change: Change, plan: Plan) -> bool:
    effects = {plan.vocabulary.scope(name).effect for name, count in change.counts.items() if count}
    return bool(effects & {Effect.DESTROY, Effect.PHONE})
