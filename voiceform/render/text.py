"""Plans and runs for people at a terminal, and for logs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum

from voiceform.model.plan import (
    UNREADABLE,
    Action,
    Blocked,
    Caution,
    Change,
    Drift,
    DriftStatus,
    Plan,
    Unmanaged,
)
from voiceform.model.run import Outcome, RunReport
from voiceform.model.scopes import Effect, Vocabulary
from voiceform.model.shown import Shown
from voiceform.model.unshown import NOTHING, Unshown
from voiceform.model.wording import counted
from voiceform.render import run_text
from voiceform.render.escape import literal, terminal
from voiceform.render.layout import BLANK, Line, Tone, lay_out
from voiceform.render.redact import redact_outcome, redact_plan, redact_run
from voiceform.render.view import (
    LONG_DIFFERENCE,
    Row,
    drift_rows,
    effect_of,
    feelings_of,
    headline,
    name_of,
    notes_of,
    notes_on,
    reason_of,
    remarks_of,
    rows_of,
    symbol_of,
    verb_of,
)

__all__ = ["change_lines", "render_outcome", "render_plan", "render_run"]

_MANY_ALIKE = 20
_SHOWN_ALIKE = 10
_SHOWN_NAMES = 5
_SHOWN_ADDRESSES = 10
_LONG_ROW = 100
_TONES = {
    Effect.DESTROY: Tone.DELETE,
    Effect.PHONE: Tone.PHONE,
    Effect.CREATE: Tone.CREATE,
    Effect.UPDATE: Tone.UPDATE,
}
_LAST = (Effect.CREATE, Effect.UPDATE, Effect.PHONE, Effect.DESTROY)
"""In this order effects are told: the gravest next to the sum."""
_ROW_TONES = {"+": Tone.CREATE, "-": Tone.DELETE, "~": Tone.UPDATE}


class Detail(StrEnum):
    """How much of a plan is told."""

    SUMMARY = "summary"
    """What sort of thing happens to how many objects."""
    NORMAL = "normal"
    """Each change; of very many that are alike the first ones."""
    FULL = "full"
    """Everything."""


def render_plan(
    plan: Plan,
    *,
    color: bool,
    width: int,
    show_numbers: bool,
    detail: Detail = Detail.NORMAL,
    unmanaged: bool = False,
) -> Shown:
    """A plan for people; ends in a newline. `width` in cells, 0 for no wrapping.

    Changes stand in the order of apply, but those that phone or destroy come last, next to the sum. What
    stays as it is is listed where it has an effect of its own. With `unmanaged` what is neither declared nor
    recorded is listed, and else only counted.
    """
    listed = (*plan.pending, *plan.in_force)
    shown = redact_plan(replace(plan, changes=listed), show_numbers=show_numbers)
    return Shown(lay_out(_plan_lines(shown, detail, unmanaged), color=color, width=width) + "\n")


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


def render_lost(
    outcomes: Iterable[Outcome],
    *,
    unshown: Unshown = NOTHING,
    color: bool = False,
    width: int = 0,
    show_numbers: bool = False,
) -> Shown:
    """Of which changes nobody knows whether they happened, and what to do about each; without a newline at
    the end."""
    redacted = (redact_outcome(outcome, unshown, show_numbers=show_numbers) for outcome in outcomes)
    lines = [line for outcome in redacted for line in run_text.failure_lines(outcome)]
    return lay_out(lines, color=color, width=width)


def change_lines(change: Change, vocabulary: Vocabulary, *, full: bool = False) -> Iterator[Line]:
    """The block of one change, already redacted: title, reason, attributes, impact."""
    effect = effect_of(change, vocabulary)
    remarks = "".join(f", {remark}" for remark in remarks_of(change, vocabulary))
    title = f"{symbol_of(change, vocabulary)} {verb_of(change, vocabulary)} {_object(change)}{remarks}"
    yield Line(title, 2, _TONES[effect])
    if change.reason and not change.adopts:
        yield Line(reason_of(change), 6, Tone.MUTED)
    yield from (Line(note, 6, Tone.MUTED) for note in notes_on(change))
    for row in rows_of(change, most=None if full else LONG_DIFFERENCE):
        yield from _row_lines(row)
    yield from (Line(f"! {terminal(text)}", 6, Tone.WARNING) for text in feelings_of(change))


def _object(item: Change | Drift) -> str:
    """Its address, what it is called, and its SID."""
    name = name_of(item)
    called = f" {literal(name)}" if name is not None else ""
    identity = f" ({terminal(item.sid)})" if item.sid else ""
    return f"{terminal(str(item.address))}{called}{identity}"


def _row_lines(row: Row) -> Iterator[Line]:
    """One line, or for two long values one for each side."""
    text = row.text
    if row.before is None or row.after is None or row.note or len(text) <= _LONG_ROW:
        yield Line(f"{row.sign} {text}", 6, _ROW_TONES[row.sign])
        return
    yield Line(f"{row.sign} {row.path}:", 6, _ROW_TONES[row.sign])
    yield Line(f"- {row.before}", 8, Tone.DELETE)
    yield Line(f"+ {row.after}", 8, Tone.CREATE)


def _plan_lines(plan: Plan, detail: Detail, unmanaged: bool) -> Iterator[Line]:
    if plan.drift:
        yield Line("Objects changed outside of voiceform:", 0, Tone.TITLE)
        yield BLANK
        for drift in plan.drift:
            yield from drift_lines(drift)
            yield BLANK
    if plan.pending:
        yield Line("Changes:", 0, Tone.TITLE)
        yield BLANK
        yield from summary_lines(plan) if detail is Detail.SUMMARY else _pending_lines(plan, detail)
    if detail is not Detail.SUMMARY:
        yield from _in_force_lines(plan)
    yield from _unmanaged_lines(plan.unmanaged, listed=unmanaged or detail is Detail.FULL)
    for warning in plan.warnings:
        yield from warning_lines(warning)
        yield BLANK
    for blocked in plan.blocked:
        yield from blocked_lines(blocked)
        yield BLANK
    yield from (Line(note, 0, Tone.WARNING) for note in notes_of(plan))
    yield Line(headline(plan), 0, Tone.TITLE, wrap=False)


def _pending_lines(plan: Plan, detail: Detail) -> Iterator[Line]:
    """Every change; of more than a few of one shape the first ones, unless everything is asked for."""
    full = detail is Detail.FULL
    for alike in _by_shape(plan):
        shown = alike if full or len(alike) <= _MANY_ALIKE else alike[:_SHOWN_ALIKE]
        for change in shown:
            yield from change_lines(change, plan.vocabulary, full=full)
            yield BLANK
        if len(shown) < len(alike):
            more = len(alike) - len(shown)
            yield Line(f"... and {more:,} more like this: -v shows all", 2, Tone.MUTED)
            yield BLANK


def summary_lines(plan: Plan) -> Iterator[Line]:
    """What sort of thing happens to how many objects, a line for each sort."""
    for alike in _by_shape(plan):
        first = alike[0]
        names = ", ".join(terminal(str(change.address)) for change in alike[:_SHOWN_NAMES])
        more = f" and {len(alike) - _SHOWN_NAMES:,} more" if len(alike) > _SHOWN_NAMES else ""
        fields = sorted({row.path for row in rows_of(first)}) if first.action is Action.UPDATE else []
        what = f" ({', '.join(fields)})" if fields else ""
        sign, verb = symbol_of(first, plan.vocabulary), verb_of(first, plan.vocabulary)
        many = f"{counted(len(alike), terminal(first.kind))}{what}: {names}{more}"
        title = f"{sign} {verb} {many if len(alike) > 1 else f'{_object(first)}{what}'}"
        yield Line(title, 2, _TONES[effect_of(first, plan.vocabulary)])
    yield BLANK


def _by_shape(plan: Plan) -> list[list[Change]]:
    """The changes, those of one shape together where the first of them stands; the gravest last."""
    found: dict[object, list[Change]] = {}
    for change in plan.pending:
        found.setdefault(_shape(change, plan.vocabulary), []).append(change)
    return sorted(found.values(), key=lambda alike: _LAST.index(effect_of(alike[0], plan.vocabulary)))


def _shape(change: Change, vocabulary: Vocabulary) -> object:
    """What changes have in common that read alike but for names and values."""
    paths = tuple(sorted({item.path.partition("[")[0] for item in change.fields}))
    return change.kind, effect_of(change, vocabulary), verb_of(change, vocabulary), change.reason, paths


def drift_lines(drift: Drift) -> Iterator[Line]:
    """The block of one drifted object, already redacted."""
    state = "is gone" if drift.status is DriftStatus.GONE else "has changed"
    tone = Tone.DELETE if drift.status is DriftStatus.GONE else Tone.UPDATE
    yield Line(f"{_object(drift)} {state}", 2, tone)
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


def _unmanaged_lines(unmanaged: tuple[Unmanaged, ...], *, listed: bool) -> Iterator[Line]:
    """What is left alone: counted, or listed. What of it cannot be read is told in any case."""
    named = [item for item in unmanaged if listed or item.sid == UNREADABLE]
    if not listed and len(named) < len(unmanaged):
        kinds = Counter(item.kind for item in unmanaged if item.sid != UNREADABLE)
        what = ", ".join(counted(count, terminal(kind)) for kind, count in sorted(kinds.items()))
        text = f"Neither declared nor recorded, left alone: {what}; --unmanaged lists them."
        yield Line(text, 0, Tone.MUTED)
    elif named:
        yield Line("Neither declared nor recorded, left alone:", 0, Tone.TITLE)
    for item in named:
        yield Line(f'{terminal(item.kind)} "{terminal(item.name)}" ({terminal(item.sid)})', 2, Tone.MUTED)
    if unmanaged:
        yield BLANK
