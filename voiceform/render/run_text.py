"""What a run did, in lines: every failure with what was skipped because of it, then the counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from voiceform.model.address import Address
from voiceform.model.plan import Action, DriftStatus, Mode, Plan
from voiceform.model.run import NOT_BEGUN, Outcome, RunReport, Status
from voiceform.model.wording import counted
from voiceform.render.destroyed import destroys, happened
from voiceform.render.escape import terminal
from voiceform.render.layout import BLANK, Line, Tone

DONE_WORDS: Mapping[Action, str] = {
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "deleted",
    Action.NO_OP: "unchanged",
}
_FORGOTTEN = "forgotten"
_TONES = {
    Status.APPLIED: Tone.CREATE,
    Status.FAILED: Tone.ERROR,
    Status.REFUSED: Tone.ERROR,
    Status.STALE: Tone.WARNING,
    Status.SKIPPED: Tone.MUTED,
    Status.UNKNOWN: Tone.ERROR,
}
_UNHAPPY = (Status.UNKNOWN, Status.FAILED, Status.REFUSED, Status.STALE)
_SHOWN_SKIPPED = 10


def run_lines(report: RunReport, plan: Plan) -> Iterator[Line]:
    """The report as lines; redact it first."""
    causes = skipped_because(report, plan)
    consequences: dict[Address, list[Address]] = {}
    for skipped, culprits in causes.items():
        for culprit in culprits:
            consequences.setdefault(culprit, []).append(skipped)
    for outcome in report.earlier:
        yield from failure_lines(outcome)
        yield BLANK
    for status in _UNHAPPY:
        for outcome in report.outcomes:
            if outcome.status is status:
                yield from failure_lines(outcome, consequences.get(outcome.address, []))
                yield BLANK
    orphans = [
        o
        for o in report.outcomes
        if o.status is Status.SKIPPED and o.message != NOT_BEGUN and not causes.get(o.address)
    ]
    for outcome in orphans:
        yield outcome_line(outcome)
    if orphans:
        yield BLANK
    yield Line(_summary(report, plan), 0, Tone.TITLE, wrap=False)


def outcome_line(outcome: Outcome) -> Line:
    """`queue.support: created (QU...)`, or how else it ended and why; redact it first."""
    sid = f" ({terminal(outcome.sid)})" if outcome.sid else ""
    message = f": {terminal(outcome.message)}" if outcome.message else ""
    if outcome.destroyed is not None and outcome.message:
        ending = terminal(outcome.message)
    elif outcome.status is Status.APPLIED and outcome.record is not None:
        ending = f"{'removed' if outcome.action is Action.DELETE else 'recorded'}{message}"
    elif outcome.status is Status.APPLIED:
        ending = f"{DONE_WORDS[outcome.action]}{sid}{message}"
    else:
        ending = f"{outcome.action} {_ending(outcome.status)}{sid}{message}"
    return Line(f"{terminal(str(outcome.address))}: {ending}", 0, _TONES[outcome.status])


def skipped_because(report: RunReport, plan: Plan) -> dict[Address, list[Address]]:
    """For each skipped address those that did not succeed and that it had to wait for, directly or not.

    Creations and updates wait for what they depend on; a deletion waits for the deletion of its dependents.
    """
    unhappy = {o.address for o in report.outcomes if o.status in _UNHAPPY}
    waits_for: dict[Address, set[Address]] = {}
    for change in plan.changes:
        for needed in change.depends_on:
            if change.action is Action.DELETE:
                waits_for.setdefault(needed, set()).add(change.address)
            else:
                waits_for.setdefault(change.address, set()).add(needed)
    skipped = [o.address for o in report.outcomes if o.status is Status.SKIPPED]
    return {address: _reachable(address, waits_for, unhappy) for address in skipped}


def _reachable(
    start: Address, waits_for: Mapping[Address, set[Address]], unhappy: set[Address]
) -> list[Address]:
    seen, todo = {start}, [start]
    while todo:
        for needed in waits_for.get(todo.pop(), ()):
            if needed not in seen:
                seen.add(needed)
                todo.append(needed)
    return sorted((seen - {start}) & unhappy)


def failure_lines(outcome: Outcome, skipped: Sequence[Address] = ()) -> Iterator[Line]:
    """What did not succeed, what to do about it, and what was skipped because of it; redact it first."""
    yield outcome_line(outcome)
    if outcome.hint:
        yield Line(terminal(outcome.hint), 4)
    if outcome.request_id and outcome.request_id not in (outcome.message or ""):
        yield Line(f"Twilio request {terminal(outcome.request_id)}", 4, Tone.MUTED)
    if skipped:
        names = ", ".join(terminal(str(address)) for address in skipped[:_SHOWN_SKIPPED])
        more = len(skipped) - _SHOWN_SKIPPED
        yield Line(f"skipped because of it: {names}{f' and {more:,} more' if more > 0 else ''}", 4)


def _ending(status: Status) -> str:
    return {
        Status.UNKNOWN: "has an unknown outcome",
        Status.STALE: "not sent, the object moved",
        Status.REFUSED: "refused",
        Status.SKIPPED: "skipped",
    }.get(status, "failed")


def _summary(report: RunReport, plan: Plan) -> str:
    """`Applied: 2 created, 1 updated; 1 failed, 2 skipped.`, behind what was destroyed; or
    `Interrupted: 8 updated, 32 not begun.`"""
    destroyed = happened(report, plan)
    told = {change.address for change in plan.changes if destroys(change, plan.vocabulary)}
    outcomes = [o for o in report.outcomes if o.address not in told and (o.record is None or not _applied(o))]
    forgotten = _forgotten(plan)
    applied = Counter(
        _FORGOTTEN if outcome.address in forgotten else DONE_WORDS[outcome.action]
        for outcome in outcomes
        if _applied(outcome)
    )
    done = [f"{applied[word]:,} {word}" for word in (*DONE_WORDS.values(), _FORGOTTEN) if applied[word]]
    counts = Counter(outcome.status for outcome in outcomes if outcome.message != NOT_BEGUN)
    words = {Status.STALE: "stale", Status.UNKNOWN: "with an unknown outcome"}
    rest = [
        f"{counts[status]:,} {words.get(status, str(status))}"
        for status in (*_UNHAPPY, Status.SKIPPED)
        if counts[status]
    ]
    if report.earlier:
        rest.append(f"{len(report.earlier):,} of an earlier run with an unknown outcome")
    parts = [] if destroyed is None else [destroyed]
    if report.not_begun:
        return _interrupted(report, plan, [*parts, *done], rest)
    if done or destroyed is None:
        parts.append(f"{'a' if parts else 'A'}pplied: {', '.join(done) or 'nothing'}")
    if rest:
        parts.append(", ".join(rest))
    seconds = (report.finished_at - report.started_at).total_seconds()
    took = f" in {counted(round(seconds), 'second')}" if seconds >= 1 else ""
    return f"{'; '.join(parts)}{took}."


def _forgotten(plan: Plan) -> set[Address]:
    """What a plan only forgets: it was gone from the account."""
    gone = {drift.address for drift in plan.drift if drift.status is DriftStatus.GONE}
    if plan.mode is Mode.REFRESH_ONLY:
        return gone
    return {
        change.address
        for change in plan.changes
        if change.action is Action.DELETE and change.counts and not change.operations
    }


def _applied(outcome: Outcome) -> bool:
    return outcome.status is Status.APPLIED


def _interrupted(report: RunReport, plan: Plan, done: list[str], rest: list[str]) -> str:
    parts = [*(done or ["nothing done"]), *rest, f"{report.not_begun:,} not begun"]
    commands = {plan.vocabulary.commands.get(change.kind) for change in plan.pending}
    alone = commands.pop() if len(commands) == 1 else None
    again = "destroy" if plan.mode is Mode.DESTROY else alone or "apply"
    return f"Interrupted: {', '.join(parts)}. Run {again} again; the rest is planned anew."
