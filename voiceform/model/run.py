"""What an apply did: one outcome per change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from voiceform.model.address import Address
from voiceform.model.exit_codes import ExitCode
from voiceform.model.plan import Action, Kept


class Status(StrEnum):
    """How one change ended.

    `refused` was not sent because our own check said no; `stale` was not sent because the object moved;
    `skipped` was not sent because something that it depends on did not succeed; `unknown` may have happened.
    """

    APPLIED = "applied"
    FAILED = "failed"
    REFUSED = "refused"
    STALE = "stale"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"


NOT_BEGUN = "not begun: the run was interrupted"
"""The message of what was skipped because the run was to end."""

CUT_OFF = "its answer was given up: the run was interrupted; the next run finds out whether it happened"
"""The message of what was sent and is settled later."""


@dataclass(frozen=True, slots=True)
class Destruction:
    """What a change destroyed beside its own object: things of one name, such as `recording`.

    `deleted` by this run, which last `minutes` (begun ones; None for what has no length); `kept` is what was
    spared by what the plan did not see; `rest` counts every other ending by its words, such as `failed`.
    `stopped` says that a person or the system ended the run before all of them were begun.
    """

    thing: str
    deleted: int = 0
    minutes: int | None = None
    kept: Kept | None = None
    rest: Mapping[str, int] = field(default_factory=dict)
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of one change; `message` explains everything that is not `applied`.

    `record` names what exists in our state alone, such as a `rule`; applying it records it and no more.
    `is_open` says that part of it may have happened: it is not journalled, and the next run settles it.
    `unknown` counts what may have happened and nobody knows, by the scope that it would weigh in: 3 in the
    scope in which people are phoned, for three of whom nobody knows whether they were.
    """

    address: Address
    action: Action
    status: Status
    sid: str | None = None
    message: str | None = None
    hint: str | None = None
    request_id: str | None = None
    record: str | None = None
    destroyed: Destruction | None = None
    is_open: bool = False
    unknown: Mapping[str, int] = field(default_factory=dict)


def lost_of(outcomes: Iterable[Outcome]) -> tuple[Outcome, ...]:
    """Those of which nobody knows whether they happened."""
    return tuple(outcome for outcome in outcomes if outcome.status is Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class RunReport:
    """The end of one run. Its id is the id of the plan that it applied.

    `earlier` are changes of runs that died before, of which this one could not find out whether they
    happened.
    """

    run_id: str
    started_at: datetime
    finished_at: datetime
    outcomes: tuple[Outcome, ...]
    earlier: tuple[Outcome, ...] = ()

    def count(self, status: Status) -> int:
        """How many changes ended so."""
        return sum(outcome.status is status for outcome in self.outcomes)

    @property
    def not_begun(self) -> int:
        """How many changes were left because the run was interrupted."""
        return sum(outcome.message == NOT_BEGUN for outcome in self.outcomes)

    @property
    def exit_code(self) -> ExitCode:
        """8 when an outcome is unknown, also of an earlier run, else 5 when something failed or was not
        begun, else 6 when stale.

        What was skipped because of something else follows that; 0 is never told of what was not done.
        """
        statuses = {outcome.status for outcome in self.outcomes}
        if Status.UNKNOWN in statuses or self.earlier:
            return ExitCode.UNKNOWN
        if statuses & {Status.FAILED, Status.REFUSED} or self.not_begun:
            return ExitCode.INCOMPLETE
        if Status.STALE in statuses:
            return ExitCode.STALE
        return ExitCode.INCOMPLETE if Status.SKIPPED in statuses else ExitCode.DONE
