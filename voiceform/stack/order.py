"""What a stack is asked for: which plan, and how one is to be carried out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Self, TypedDict

from voiceform.engine.safety import Approvals
from voiceform.model.errors import UsageError
from voiceform.model.plan import Mode, Plan

if TYPE_CHECKING:
    from voiceform.kinds.retention.erasure.whom import Whom

Confirm = Callable[[Plan], bool]
"""Sees the plan that is about to be applied, and says whether it may be."""

RETENTION = "retention"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What one plan is to be about. `only` names kinds, all when empty; `at` is another instant than now;
    `erase` is a person, of whom alone the plan is then."""

    mode: Mode = Mode.NORMAL
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    at: datetime | None = None
    only: tuple[str, ...] = ()
    erase: Whom | None = None

    @classmethod
    def of(
        cls, mode: Mode, targets: Iterable[str], excludes: Iterable[str], at: datetime | None = None
    ) -> Self:
        """A plan of every kind. UsageError for one text in the place of several, for an instant that is none,
        for a mode that is none, and for one in which no account is read."""
        if not isinstance(mode, Mode):
            raise UsageError(f"mode= takes a voiceform.Mode, not {mode!r}", hint="as voiceform.Mode.DESTROY")
        if mode is Mode.REVIEW:
            raise UsageError("a review compares two configurations", hint="stack.review(base) makes one")
        if at is not None and at.tzinfo is None:
            raise UsageError(
                f"{at} has no time zone, so nobody can tell which instant is meant",
                hint="give it one, as datetime.UTC",
            )
        return cls(mode, texts("targets", targets), texts("excludes", excludes), at)

    @property
    def operation(self) -> str:
        """What a run that plans this is called where it holds the lock."""
        if self.erase is not None:
            return "erase"
        if self.only:
            return "prune"
        return "destroy" if self.mode is Mode.DESTROY else "apply"


class ApplyOptions(TypedDict, total=False):
    """How a plan is carried out; each may be left out.

    - `confirm` gets the plan under the lock, when something is to be done; nothing is done unless it returns
      True
    - `approve` lifts one safety limit each, as far as it says: `["delete:queue=3"]`; the message of a
      BlockedError names what is needed
    - `expect_digest` refuses (StalePlanError) any plan but the one of this digest, or one that does what this
      review digest stands for
    - `evidence` is where what is destroyed is taken down, in place of where the configuration says
    - `lock_timeout` is how long to wait for another run to release the state, and then the place of the
      evidence; not at all by default
    - `approved` is what the first line of evidence says of how the run was approved
    """

    confirm: Confirm | None
    approve: Iterable[str]
    expect_digest: str | None
    evidence: str | None
    lock_timeout: timedelta
    approved: Iterable[str]


@dataclass(frozen=True, slots=True)
class Order:
    """One run: a plan that was made before, or what is wanted of one that is made now, and how."""

    plan: Plan | None
    wanted: Wanted
    confirm: Confirm | None = None
    approvals: Approvals = field(default_factory=Approvals)
    expect_digest: str | None = None
    evidence: str | None = None
    lock_timeout: timedelta = timedelta(0)
    approved: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: Plan | None, wanted: Wanted, options: ApplyOptions) -> Self:
        """The order that these options make. UsageError for what could never be carried out, TypeError for an
        option that there is not: of a misspelt `confirm` nobody would be asked."""
        unknown = sorted(set(options) - ApplyOptions.__optional_keys__)
        if unknown:
            raise TypeError(
                f"there is no option {unknown[0]}=; there are {', '.join(ApplyOptions.__annotations__)}"
            )
        approve = texts("approve", options.get("approve", ()))
        approved = options.get("approved")
        order = cls(
            plan=plan,
            wanted=wanted,
            confirm=options.get("confirm"),
            approvals=Approvals.parse(approve),
            expect_digest=options.get("expect_digest"),
            evidence=options.get("evidence"),
            lock_timeout=options.get("lock_timeout", timedelta(0)),
            approved=tuple(f"approve {text}" for text in approve) if approved is None else tuple(approved),
        )
        order.check()
        return order

    def check(self) -> None:
        """Raise UsageError for what could never be carried out."""
        from voiceform.stack.evidence import require_place

        require_place(self.evidence)
        if self.plan is None and self.confirm is None:
            raise UsageError(
                "nobody would see the plan before it is applied",
                hint="plan first and apply what that returns, or pass confirm=, which gets the plan",
            )
        if self.plan is None:
            return
        if not isinstance(self.plan, Plan):
            raise UsageError(
                f"a plan is needed, not {type(self.plan).__name__}",
                hint="stack.plan() makes one, stack.read_plan(path) reads one; of an undo take undo.plan",
            )
        if self.wanted != Wanted():
            raise UsageError(
                "a plan is applied whole, as what it is", hint="give mode, targets and excludes to plan"
            )
        if self.plan.mode is Mode.REVIEW or self.plan.made_for is not None:
            raise UsageError(
                "the plan is for reading: it compares two configurations, or is for another instant",
                hint="plan against the account as it is now, and apply that",
            )


def texts(name: str, given: Iterable[str]) -> tuple[str, ...]:
    """Several texts. UsageError for one alone, which would be taken for its letters."""
    if isinstance(given, (str, bytes)):
        raise UsageError(f"{name}= takes several texts, not one", hint=f"write {name}=[{given!r}]")
    return tuple(given)
