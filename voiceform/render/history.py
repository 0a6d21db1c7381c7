"""Runs of the past, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from voiceform.model.plan import ConfigSource, Mode, Plan, StateVersion, Summary
from voiceform.model.run import Outcome, RunReport
from voiceform.model.scopes import Vocabulary
from voiceform.model.shown import Shown
from voiceform.model.wording import counted, span
from voiceform.render.escape import terminal
from voiceform.render.layout import BLANK, Line, Tone, lay_out
from voiceform.render.redact import redact_plan, redact_run, with_values
from voiceform.render.run_text import outcome_line
from voiceform.render.text import change_lines
from voiceform.state.journal import RunDetail
from voiceform.state.journal_codec import RunRecord

_OPEN = "nobody knows yet how it ended"
_NEVER_SENT = Line("nothing was sent", 6, Tone.MUTED)


def ending(run: RunRecord) -> str:
    """`3 applied, 1 failed`, with what sort of run it was where it was none of the usual."""
    counts = ", ".join(f"{count:,} {status}" for status, count in sorted(run.outcomes.items()))
    if not run.begun:
        counts = f"has not begun: nothing was sent ({counted(run.changes, 'change')})"
    elif run.finished_at is None:
        counts = f"has not ended ({counted(run.changes, 'change')})"
    return counts if run.mode is Mode.NORMAL else f"{run.mode}: {counts or 'nothing to do'}"


def render_detail(
    detail: RunDetail,
    vocabulary: Vocabulary,
    *,
    now: datetime,
    color: bool,
    width: int,
    show_numbers: bool,
    show_values: bool = False,
    most: int | None = None,
) -> Shown:
    """One run: who, when, and each change with what became of it; of more than `most` changes the first."""
    plan, report = _redacted(detail, vocabulary, show_numbers=show_numbers, show_values=show_values)
    outcomes = {outcome.address: outcome for outcome in report.outcomes}
    lines = [*_head(detail.record, now), BLANK]
    changes = plan.changes if most is None else plan.changes[:most]
    for change in changes:
        ended = _ended(outcomes.get(change.address)) if detail.record.begun else _NEVER_SENT
        lines += [*change_lines(change, vocabulary), ended, BLANK]
    if detail.record.folded:
        lines += [Line("its journal was folded: what it changed is not kept any more", 2, Tone.MUTED), BLANK]
    if len(changes) < len(plan.changes):
        lines.append(Line(f"{len(plan.changes) - len(changes):,} more changes: --all shows them", 2))
        lines.append(BLANK)
    lines.append(Line(_last(detail.record), 0, Tone.TITLE))
    return lay_out(lines, color=color, width=width)


def detail_documents(
    detail: RunDetail, *, show_numbers: bool, show_values: bool = False
) -> list[dict[str, Any]]:
    """The changes of a run as JSON values, already redacted; what has no outcome yet has None."""
    plan, report = _redacted(detail, Vocabulary(), show_numbers=show_numbers, show_values=show_values)
    outcomes = {outcome.address: outcome for outcome in report.outcomes}
    return [
        {
            "address": str(change.address),
            "action": str(change.action),
            "sid": change.sid,
            "reason": change.reason,
            "before": change.whole_before,
            "after": change.whole_after,
            "fields": [
                {"path": item.path, "before": item.before, "after": item.after} for item in change.fields
            ],
            "outcome": _outcome(outcomes.get(change.address)),
        }
        for change in plan.changes
    ]


def _redacted(
    detail: RunDetail, vocabulary: Vocabulary, *, show_numbers: bool, show_values: bool
) -> tuple[Plan, RunReport]:
    """What the run did, in the shape of the plan and the report that it had, without what is not shown."""
    run = detail.record
    plan = Plan(
        plan_id=run.run_id,
        created_at=run.plan_created_at,
        account_sid=None,
        config=ConfigSource("", ()),
        state=StateVersion(None, 0),
        mode=run.mode,
        complete=True,
        summary=Summary(),
        changes=detail.intents,
        vocabulary=vocabulary,
    )
    plan = with_values(plan) if show_values else plan
    report = RunReport(run.run_id, run.began_at, run.finished_at or run.began_at, detail.outcomes)
    shown, _ = redact_run(report, plan, show_numbers=show_numbers)
    return redact_plan(plan, show_numbers=show_numbers), shown


def _head(run: RunRecord, now: datetime) -> Iterator[Line]:
    kind = "" if run.mode is Mode.NORMAL else f", {run.mode}"
    yield Line(f"Run {terminal(run.run_id)} by {terminal(run.who)}{kind}", 0, Tone.TITLE)
    yield Line(f"planned {run.plan_created_at:%Y-%m-%d %H:%M:%S} UTC", 2)
    yield Line(f"began   {run.began_at:%Y-%m-%d %H:%M:%S} UTC", 2)
    if not run.begun:
        yield Line("has not begun: nothing was sent", 2, Tone.WARNING)
    elif run.finished_at is None:
        yield Line(f"has not ended; it began {span(abs(now - run.began_at))} ago", 2, Tone.WARNING)
    else:
        took = span(abs(run.finished_at - run.began_at))
        yield Line(f"ended   {run.finished_at:%Y-%m-%d %H:%M:%S} UTC, after {took}", 2)


def _ended(outcome: Outcome | None) -> Line:
    if outcome is None:
        return Line(_OPEN, 6, Tone.WARNING)
    return outcome_line(outcome)._replace(indent=6)


def _outcome(outcome: Outcome | None) -> dict[str, Any] | None:
    if outcome is None:
        return None
    return {
        "status": str(outcome.status),
        "sid": outcome.sid,
        "message": outcome.message,
        "hint": outcome.hint,
        "request_id": outcome.request_id,
    }


def _last(run: RunRecord) -> str:
    how = ending(run)
    return f"{how[:1].upper()}{how[1:]}." if how else "Nothing was to be done."
