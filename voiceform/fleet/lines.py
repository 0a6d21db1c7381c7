"""A plan as lines: redacted, finished, and short, so that equal changes of many stacks are equal texts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from voiceform.model.fleet import Amount, ChangeLine, Weight
from voiceform.model.masking import redact_text
from voiceform.model.plan import Change, DriftStatus, Plan
from voiceform.model.scopes import Effect, Vocabulary
from voiceform.render.destroyed import destroyed_in
from voiceform.render.escape import terminal
from voiceform.render.redact import redact_plan
from voiceform.render.view import drift_rows, effect_of, feelings_of, remarks_of, rows_of, verb_of

_LONGEST = 400
_BAR = re.compile(r" *(to )?\d{4}-\d\d +[\d,]+ +[█▉▊▋▌▍▎▏]+")
"""A month of a histogram, which says something of one account alone."""
_WEIGHTS = {
    Effect.DESTROY: Weight.DESTROY,
    Effect.PHONE: Weight.PHONE,
    Effect.CREATE: Weight.CREATE,
    Effect.UPDATE: Weight.UPDATE,
}


def counts_of(plan: Plan) -> dict[str, int]:
    """Changes by action, drift, refusals, and what kinds sum up."""
    summary = plan.summary
    counts = {"create": summary.create, "update": summary.update, "delete": summary.delete}
    counts |= {"no_op": summary.no_op, "drift": len(plan.drift), "blocked": len(plan.blocked)}
    return {**counts, **summary.totals}


def change_lines(plan: Plan, *, show_numbers: bool) -> Iterator[ChangeLine]:
    """What changes, what has drifted, and what blocks it, a line for each."""
    shown = redact_plan(replace(plan, changes=plan.pending), show_numbers=show_numbers)
    for change in shown.changes:
        weight = _WEIGHTS[effect_of(change, plan.vocabulary)]
        amounts = tuple(_amounts(change, plan.vocabulary))
        effects = tuple(
            _short(terminal(text)) for text in feelings_of(change) if _BAR.fullmatch(text) is None
        )
        yield ChangeLine(weight, _short(_change(change, shown)), amounts, effects)
    for drift in shown.drift:
        state = "is gone" if drift.status is DriftStatus.GONE else "has changed"
        rows = ", ".join(row.text for row in drift_rows(drift))
        yield ChangeLine(
            Weight.DRIFT, _short(f"{terminal(str(drift.address))} {state}{f': {rows}' if rows else ''}")
        )
    for warning in shown.warnings:
        text = f"{terminal(str(warning.address))}: {terminal(warning.message)}; {terminal(warning.hint)}"
        yield ChangeLine(Weight.WARNING, _short(text))
    refusals: dict[str, list[str]] = {}
    for blocked in shown.blocked:
        said = f"{terminal(blocked.message)}; {terminal(blocked.hint)}"
        refusals.setdefault(blocked.rule, []).append(_short(said))
    for rule, found in refusals.items():
        yield ChangeLine(Weight.BLOCKED, _short(terminal(rule)), effects=tuple(found))


def warning_line(text: str, *, show_numbers: bool) -> ChangeLine:
    """What a stack told beside its work."""
    return ChangeLine(Weight.WARNING, _short(terminal(redact_text(text, show_numbers=show_numbers))))


def _change(change: Change, plan: Plan) -> str:
    """`update queue.support: max_size 100 -> 200`; of what is made or goes, what it is. How much it does is
    not in it: that differs from account to account."""
    change = replace(change, counts={})
    address = terminal(str(change.address))
    verb = verb_of(change, plan.vocabulary)
    rows = _texts(row.text for row in rows_of(change))
    remarks = "".join(f", {remark}" for remark in remarks_of(change, plan.vocabulary))
    return f"{verb} {address}{remarks}{f': {rows}' if rows else ''}"


def _amounts(change: Change, vocabulary: Vocabulary) -> Iterator[Amount]:
    """What it destroys beside its own object, and whom it phones."""
    for scope, count in destroyed_in(change, vocabulary):
        if scope.objects != change.kind or count > 1:
            yield Amount("destroy", scope.noun, scope.several, count)
    for name, count in sorted(change.counts.items()):
        scope = vocabulary.scope(name)
        if count and scope.effect is Effect.PHONE:
            yield Amount(scope.verb, scope.noun, scope.several, count)


def _texts(texts: Iterable[str]) -> str:
    return ", ".join(text.replace(": ", " ", 1) for text in texts)


def _short(text: str) -> str:
    """At most so long; of two long ones that differ only behind it the lines differ, too."""
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}... ({hashlib.sha256(text.encode()).hexdigest()[:8]})"
