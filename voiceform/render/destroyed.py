"""What a plan destroys beside its own objects, and what a run destroyed, in words: recordings for example."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from voiceform.model.address import Address
from voiceform.model.plan import Action, Change, Kept, Plan
from voiceform.model.run import Outcome, RunReport, Status
from voiceform.model.scopes import Effect, Scope, Vocabulary
from voiceform.model.wording import counted
from voiceform.render.escape import terminal


def destroyed_in(change: Change, vocabulary: Vocabulary) -> Iterator[tuple[Scope, int]]:
    """The scopes in which a change destroys something, with how much."""
    for name, count in sorted(change.counts.items(), reverse=True):
        scope = vocabulary.scope(name)
        if count and scope.effect is Effect.DESTROY:
            yield scope, count


def destroys(change: Change, vocabulary: Vocabulary) -> Mapping[Scope, int]:
    """How many things of which scope a change destroys that are not its own object."""
    found = destroyed_in(change, vocabulary)
    return {scope: count for scope, count in found if scope.objects != change.kind}


def joined(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def planned(plan: Plan) -> str | None:
    """`1,789 recordings to delete by 2 rules`; None when the plan destroys nothing of the sort."""
    found: Counter[Scope] = Counter()
    agents: Counter[str] = Counter()
    for change in plan.pending:
        things = destroys(change, plan.vocabulary)
        found.update(things)
        agents.update({scope.agent for scope in things})
    if not found:
        return None
    things_in_words = joined(scope.amount(count) for scope, count in found.items())
    by = joined(counted(count, agent) for agent, count in agents.items())
    return f"{things_in_words} to delete by {by}"


def happened(report: RunReport, plan: Plan) -> str | None:
    """`Deleted 1,789 recordings (14,546 minutes), kept 12 by 2 holds; 2 rules recorded`.

    None for a run that has nothing to do with such things.
    """
    things = {change.address: destroys(change, plan.vocabulary) for change in plan.changes}
    ours = [
        outcome for outcome in report.outcomes if outcome.record is not None or things.get(outcome.address)
    ]
    if not ours:
        return None
    deleted = _deleted(ours) or ["nothing"]
    parts = [f"eleted {joined(deleted)}", *_left(ours, things, plan)]
    stopped = any(outcome.destroyed is not None and outcome.destroyed.stopped for outcome in ours)
    recorded = joined_or_none(_recorded(ours))
    text = f"{'Stopped: d' if stopped else 'D'}{', '.join(parts)}"
    return f"{text}; {recorded}" if recorded else text


def joined_or_none(parts: list[str]) -> str | None:
    """As `joined`; None for nothing."""
    return joined(parts) if parts else None


def _deleted(outcomes: Iterable[Outcome]) -> list[str]:
    counts: Counter[str] = Counter()
    minutes: Counter[str] = Counter()
    for outcome in outcomes:
        if outcome.destroyed is not None:
            counts[outcome.destroyed.thing] += outcome.destroyed.deleted
            minutes[outcome.destroyed.thing] += outcome.destroyed.minutes or 0
    return [
        counted(count, thing) + (f" ({counted(minutes[thing], 'minute')})" if minutes[thing] else "")
        for thing, count in counts.items()
        if count
    ]


def _left(ours: Iterable[Outcome], things: Mapping[Address, Mapping[Scope, int]], plan: Plan) -> list[str]:
    """What was not deleted, and why not."""
    kept = [change.kept for change in plan.changes if change.kept is not None]
    counts: Counter[str] = Counter()
    for outcome in ours:
        if outcome.destroyed is None:
            counts["not begun"] += sum(things.get(outcome.address, {}).values())
            continue
        if outcome.destroyed.kept is not None:
            kept.append(outcome.destroyed.kept)
        for ending, count in outcome.destroyed.rest.items():
            counts[ending] += count
    return [*_kept(kept), *(f"{count:,} {ending}" for ending, count in counts.items() if count)]


def _kept(every: Sequence[Kept]) -> Iterator[str]:
    """`kept 12 by 2 holds`; what keeps several things is counted once."""
    if every:
        keepers = Counter(keeper for keeper, _ in {(kept.keeper, name) for kept in every for name in kept.by})
        by = joined_or_none([counted(count, terminal(keeper)) for keeper, count in keepers.items()])
        yield f"kept {sum(kept.count for kept in every):,}{f' by {by}' if by else ''}"


def _recorded(outcomes: Iterable[Outcome]) -> list[str]:
    """`2 rules recorded`, `1 hold removed`."""
    counts: Counter[tuple[str, str]] = Counter()
    for outcome in outcomes:
        if outcome.record is not None and outcome.status is Status.APPLIED:
            counts[outcome.record, "removed" if outcome.action is Action.DELETE else "recorded"] += 1
    words = []
    for verb in ("recorded", "removed"):
        found = [
            counted(count, noun) for (noun, how), count in sorted(counts.items(), reverse=True) if how == verb
        ]
        if found:
            words.append(f"{joined(found)} {verb}")
    return words
