"""The limits on what one plan may do, and the scoped approvals that lift them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from voiceform.model.errors import BlockedError, StalePlanError, UsageError
from voiceform.model.plan import Action, Blocked, Change, Drift, Plan
from voiceform.model.plan_codec import plan_to_document
from voiceform.model.safety import Safety
from voiceform.model.scopes import Effect, Scope, Vocabulary, deletion

_COUNT = re.compile(r"[0-9]{1,18}", re.ASCII)


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
        return max((int(n) for name, _, n in values if name == scope and _COUNT.fullmatch(n)), default=-1)


def limit_violations(
    changes: Sequence[Change],
    safety: Safety,
    totals: Mapping[str, int],
    vocabulary: Vocabulary,
    forgotten: Sequence[Drift] = (),
) -> list[Blocked]:
    """Every limit that `changes` exceed. `totals` is how many there are now, by the name of the objects.

    To forget what is gone weighs as much as to delete it: so do the changes that only forget, and the drift
    in `forgotten`, which a refresh-only plan would accept.
    """
    counts = Counter(deletion(drift.address.kind).name for drift in forgotten)
    shares = counts.copy()
    only_forgotten = counts.copy()
    for change in changes:
        if not change.counts:
            continue
        counts.update(change.counts)
        if change.action is Action.DELETE and not change.operations:
            only_forgotten.update(change.counts)
        # Ending a live object weighs as a deletion, but what is declared stays: it is no share of anything.
        deletes = change.action is Action.DELETE
        shares.update({s: n for s, n in change.counts.items() if deletes or vocabulary.scope(s).bulk})
    violations = []
    for name, count in sorted(counts.items()):
        scope = vocabulary.scope(name)
        addresses = tuple(change.address for change in changes if change.counts.get(name))
        addresses += tuple(item.address for item in forgotten if scope.objects == item.address.kind)
        exceeded = _exceeded(scope, count, shares[name], safety, totals)
        if exceeded is not None:
            rule, limit = exceeded
            violations.append(
                Blocked(
                    rule=rule,
                    message=f"{_describe(scope, count, only_forgotten[name])}; safety.{rule} allows {limit}",
                    hint=f"check the plan; if it is meant, approve it: --approve {scope.approval}={count}",
                    addresses=addresses,
                    scope=scope.approval,
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
        rules = tuple(dict.fromkeys(blocked.rule for blocked in standing))
        raise BlockedError(f"the plan is blocked, nothing was done:\n{reasons}", rules)


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
    scope: Scope, count: int, share: int, safety: Safety, totals: Mapping[str, int]
) -> tuple[str, str] | None:
    absolute = safety.limit(scope)
    if absolute is not None and count > absolute[1]:
        return absolute[0], str(absolute[1])
    if scope.effect is not Effect.DESTROY or not scope.share:
        return None
    population = totals.get(scope.objects or scope.name, 0)
    if share * 100 > safety.max_delete_percent * population:
        return ("max_delete_percent", f"{safety.max_delete_percent} % of {population}")
    return None


def _describe(scope: Scope, count: int, forgotten: int) -> str:
    what = scope.amount(count)
    if forgotten == 0 or scope.effect is not Effect.DESTROY:
        return f"{what} {scope.would}"
    if forgotten == count:
        return f"{what} would be forgotten, which the account does not have any more"
    return f"{what} {scope.would} or, where the account does not have them any more, forgotten"
