"""The limits on what one plan may do, and the scoped approvals that lift them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from voiceform.model.errors import BlockedError, StalePlanError, UsageError
from voiceform.model.plan import Action, Blocked, Change, Drift, Plan
from voiceform.model.plan_codec import plan_to_document
from voiceform.model.safety import Safety
from voiceform.model.wording import counted

CALL_SCOPE = "call"
SCHEDULED_SCOPE = "scheduled:call"
"""Calls that dispatch will place at a next occurrence; approved as calls, since dispatch asks nobody."""
RECORDING_SCOPE = "delete:recording"
BULK_SCOPES = frozenset({RECORDING_SCOPE, "delete:call-record"})
"""What goes by the thousand and has a limit of its own, besides the share."""
_DELETE = "delete:"


@dataclass(frozen=True, slots=True)
class Approvals:
    """What a person allowed on the command line, as `SCOPE=VALUE` texts such as `delete:queue=3`."""

    texts: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, texts: Iterable[str]) -> Approvals:
        """Read `--approve` values; UsageError for one without a scope or a value."""
        checked = []
        for text in texts:
            scope, equals, value = text.partition("=")
            if not (scope and equals and value):
                raise UsageError(
                    f"--approve {text}: a scope and a value are needed", hint="as in --approve delete:queue=3"
                )
            checked.append(text)
        return cls(frozenset(checked))

    def lift(self, blocked: Blocked) -> bool:
        """Whether these approvals lift that refusal."""
        if blocked.scope is None:
            return False
        if blocked.count is None:
            return blocked.scope in self.texts
        return self._allowed(blocked.scope) >= blocked.count

    def _allowed(self, scope: str) -> int:
        values = (text.rpartition("=") for text in self.texts)
        return max((int(n) for name, _, n in values if name == scope and n.isdecimal()), default=-1)


def limit_violations(
    changes: Sequence[Change],
    safety: Safety,
    totals: Mapping[str, int],
    forgotten: Sequence[Drift] = (),
) -> list[Blocked]:
    """Every limit that `changes` exceed. `totals` is how many objects of each kind there are now.

    To forget what is gone weighs as much as to delete it: so do the changes that only forget, and the drift
    in `forgotten`, which a refresh-only plan would accept.
    """
    counts = Counter(f"{_DELETE}{drift.address.kind}" for drift in forgotten)
    shares = counts.copy()
    only_forgotten = counts.copy()
    for change in changes:
        counts.update(change.counts)
        if change.action is Action.DELETE and not change.operations:
            only_forgotten.update(change.counts)
        # Ending a live room weighs as a deletion, but what is declared stays: it is no share of anything.
        deletes = change.action is Action.DELETE
        shares.update({s: count for s, count in change.counts.items() if deletes or s in BULK_SCOPES})
    violations = []
    for scope, count in sorted(counts.items()):
        addresses = tuple(change.address for change in changes if change.counts.get(scope))
        addresses += tuple(item.address for item in forgotten if scope == f"{_DELETE}{item.address.kind}")
        exceeded = _exceeded(scope, count, shares[scope], safety, totals)
        if exceeded is not None:
            rule, limit = exceeded
            approval = CALL_SCOPE if scope == SCHEDULED_SCOPE else scope
            violations.append(
                Blocked(
                    rule=rule,
                    message=f"{_describe(scope, count, only_forgotten[scope])}; safety.{rule} allows {limit}",
                    hint=f"check the plan; if it is meant, approve it: --approve {approval}={count}",
                    addresses=addresses,
                    scope=approval,
                    count=count,
                    limit=limit,
                )
            )
    return violations


def require_lifted(plan: Plan, approvals: Approvals) -> None:
    """Raise BlockedError when something in `plan.blocked` is not lifted by the approvals."""
    standing = [blocked for blocked in plan.blocked if not approvals.lift(blocked)]
    if standing:
        reasons = "\n".join(f"  {blocked.message}\n    {blocked.hint}" for blocked in standing)
        raise BlockedError(f"the plan is blocked, nothing was done:\n{reasons}")


def require_digest(plan: Plan, expected: str | None) -> None:
    """Raise StalePlanError unless `expected` is one of the plan's two digests; None allows any plan."""
    if expected is None:
        return
    document = plan_to_document(plan)
    if expected not in (document["digest"], document["review_digest"]):
        raise StalePlanError(
            "the plan is not the one that was reviewed, nothing was done",
            hint=f"expected {expected}, this one is {document['review_digest']}: review it again",
        )


def _exceeded(
    scope: str, count: int, share: int, safety: Safety, totals: Mapping[str, int]
) -> tuple[str, str] | None:
    if scope in (CALL_SCOPE, SCHEDULED_SCOPE):
        return ("max_calls", str(safety.max_calls)) if count > safety.max_calls else None
    if not scope.startswith(_DELETE):
        return None
    rule = "max_recording_deletes" if scope in BULK_SCOPES else "max_deletes"
    limit = safety.max_recording_deletes if scope in BULK_SCOPES else safety.max_deletes
    if count > limit:
        return (rule, str(limit))
    population = totals.get(scope.removeprefix(_DELETE), 0)
    if share * 100 > safety.max_delete_percent * population:
        return ("max_delete_percent", f"{safety.max_delete_percent} % of {population}")
    return None


def _describe(scope: str, count: int, forgotten: int) -> str:
    if scope == SCHEDULED_SCOPE:
        return f"{counted(count, 'call')} would be placed at the next occurrence"
    if scope == CALL_SCOPE:
        return f"{counted(count, 'call')} would be placed"
    noun = scope.removeprefix(_DELETE).replace("_", " ").replace("-", " ")
    what = counted(count, noun)
    if forgotten == 0:
        return f"{what} would be deleted"
    if forgotten == count:
        return f"{what} would be forgotten, which the account does not have any more"
    return f"{what} would be deleted or, where the account does not have them any more, forgotten"
