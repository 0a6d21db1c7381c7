"""Plans and runs for people at a terminal, and for logs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from voiceform.model.plan import Blocked, Caution, Change, Drift, DriftStatus, Plan, Unmanaged
from voiceform.model.run import Outcome, RunReport
from voiceform.model.scopes import Effect, Vocabulary
from voiceform.model.shown import Shown
from voiceform.model.unshown import NOTHING, Unshown
from voiceform.model.wording import counted
from voiceform.render import run_text
from voiceform.render.escape import terminal
from voiceform.render.layout import BLANK, Line, Tone, lay_out
from voiceform.render.redact import redact_outcome, redact_plan, redact_run
from voiceform.render.view import (
    SYMBOLS,
    Row,
    drift_rows,
    effect_of,
    feelings_of,
    headline,
    notes_of,
    notes_on,
    reason_of,
    remarks_of,
    rows_of,
    verb_of,
)

__all__ = ["change_lines", "render_outcome", "render_plan", "render_run"]

_SHOWN_UNMANAGED = 20
_SHOWN_ADDRESSES = 10
_LONG_ROW = 100
_TONES = {
    Effect.DESTROY: Tone.DELETE,
    Effect.PHONE: Tone.PHONE,
    Effect.CREATE: Tone.CREATE,
    Effect.UPDATE: Tone.UPDATE,
}
_ROW_TONES = {"+": Tone.CREATE, "-": Tone.DELETE, "~": Tone.UPDATE}


def render_plan(plan: Plan, *, color: bool, width: int, show_numbers: bool) -> Shown:
    """A plan for people; ends in a newline. `width` in cells, 0 for no wrapping.

    Changes stand in the order of apply; what stays as it is is listed where it has an effect of its own.
    """
    listed = (*plan.pending, *plan.in_force)
    shown = redact_plan(replace(plan, changes=listed), show_numbers=show_numbers)
    return Shown(lay_out(_plan_lines(shown), color=color, width=width) + "\n")


def render_run(
    report: RunReport, plan: Plan, *, color: bool = False, width: int = 0, show_numbers: bool = False
) -> Shown:
    """What an apply did: what did not succeed, with its cause and consequences, then the counts."""
    lines = run_text.run_lines(*redact_run(report, plan, show_numbers=show_numbers))
    return Shown(lay_out(lines, color=color, width=width) + "\n")


def render_outcome(
    outcome: Outcome, *, unshown: Unshown = NOTHING, color: bool = False, show_numbers: bool = False
) -> Shown:
    """One line about one change that has just ended, without a newline: `queue.support: created (QU...)`."""
    line = run_text.outcome_line(redact_outcome(outcome, unshown, show_numbers=show_numbers))
    return lay_out([line], color=color, width=0)


def change_lines(change: Change, vocabulary: Vocabulary) -> Iterator[Line]:
    """The block of one change, already redacted: title, reason, attributes, impact."""
    effect = effect_of(change, vocabulary)
    identity = f" ({terminal(change.sid)})" if change.sid else ""
    remarks = "".join(f", {remark}" for remark in remarks_of(change, vocabulary))
    title = (
        f"{SYMBOLS[effect]} {verb_of(change, vocabulary)} {terminal(str(change.address))}{identity}{remarks}"
    )
    yield Line(title, 2, _TONES[effect])
    if change.reason:
        yield Line(reason_of(change), 6, Tone.MUTED)
    yield from (Line(note, 6, Tone.MUTED) for note in notes_on(change))
    for row in rows_of(change):
        yield from _row_lines(row)
    yield from (Line(f"! {terminal(text)}", 6, Tone.WARNING) for text in feelings_of(change))


def _row_lines(row: Row) -> Iterator[Line]:
    """One line, or for two long values one for each side."""
    text = row.text
    if row.before is None or row.after is None or row.note or len(text) <= _LONG_ROW:
        yield Line(f"{row.sign} {text}", 6, _ROW_TONES[row.sign])
        return
    yield Line(f"{row.sign} {row.path}:", 6, _ROW_TONES[row.sign])
    yield Line(f"- {row.before}", 8, Tone.DELETE)
    yield Line(f"+ {row.after}", 8, Tone.CREATE)


def _plan_lines(plan: Plan) -> Iterator[Line]:
    if plan.drift:
        yield Line("Objects changed outside of voiceform:", 0, Tone.TITLE)
        yield BLANK
        for drift in plan.drift:
            yield from drift_lines(drift)
            yield BLANK
    pending = plan.pending
    if pending:
        yield Line("Changes:", 0, Tone.TITLE)
        yield BLANK
    for change in pending:
        yield from change_lines(change, plan.vocabulary)
        yield BLANK
    yield from _in_force_lines(plan)
    yield from _unmanaged_lines(plan.unmanaged)
    for warning in plan.warnings:
        yield from warning_lines(warning)
        yield BLANK
    for blocked in plan.blocked:
        yield from blocked_lines(blocked)
        yield BLANK
    yield from (Line(note, 0, Tone.WARNING) for note in notes_of(plan))
    yield Line(headline(plan), 0, Tone.TITLE, wrap=False)


def drift_lines(drift: Drift) -> Iterator[Line]:
    """The block of one drifted object, already redacted."""
    identity = f" ({terminal(drift.sid)})" if drift.sid else ""
    state = "is gone" if drift.status is DriftStatus.GONE else "has changed"
    tone = Tone.DELETE if drift.status is DriftStatus.GONE else Tone.UPDATE
    yield Line(f"{terminal(str(drift.address))}{identity} {state}", 2, tone)
    for row in drift_rows(drift):
        yield from _row_lines(row)
    if drift.explanation:
        yield Line(terminal(drift.explanation), 6, Tone.MUTED)


def blocked_lines(blocked: Blocked) -> Iterator[Line]:
    """Why the plan may not be applied, and the way out."""
    yield Line(f"Blocked ({terminal(blocked.rule)}): {terminal(blocked.message)}", 0, Tone.ERROR)
    yield Line(terminal(blocked.hint), 2)
    if blocked.addresses:
        names = ", ".join(terminal(str(address)) for address in blocked.addresses[:_SHOWN_ADDRESSES])
        more = len(blocked.addresses) - _SHOWN_ADDRESSES
        yield Line(f"concerns {names}{f' and {more:,} more' if more > 0 else ''}", 2, Tone.MUTED)


def warning_lines(warning: Caution) -> Iterator[Line]:
    """What is probably not as it was meant, and what to do."""
    address = terminal(str(warning.address))
    yield Line(f"Warning: {address}: {terminal(warning.message)}", 0, Tone.WARNING)
    yield Line(terminal(warning.hint), 2)


def in_force_lines(change: Change) -> Iterator[Line]:
    """What something that stays as it is does."""
    yield Line(terminal(str(change.address)), 2)
    yield from (Line(note, 6, Tone.MUTED) for note in notes_on(change))
    yield from (Line(terminal(text), 6, Tone.MUTED) for text in change.impact)


def _in_force_lines(plan: Plan) -> Iterator[Line]:
    if not plan.in_force:
        return
    yield Line("In force as before:", 0, Tone.TITLE)
    for change in plan.in_force:
        yield from in_force_lines(change)
    yield BLANK


def _unmanaged_lines(unmanaged: tuple[Unmanaged, ...]) -> Iterator[Line]:
    if not unmanaged:
        return
    yield Line("Neither declared nor recorded, left alone:", 0, Tone.TITLE)
    for item in unmanaged[:_SHOWN_UNMANAGED]:
        yield Line(f'{terminal(item.kind)} "{terminal(item.name)}" ({terminal(item.sid)})', 2, Tone.MUTED)
    more = len(unmanaged) - _SHOWN_UNMANAGED
    if more > 0:
        yield Line(f"and {counted(more, 'other')}; --format json lists all", 2, Tone.MUTED)
    yield BLANK
