"""Plans of a folder, carried out group by group."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from voiceform.fleet.folder import ROLLOUT, PlanFolder, Planned, result_without_plan
from voiceform.fleet.jobs import Job
from voiceform.fleet.member import Member
from voiceform.fleet.opening import Settings
from voiceform.fleet.rollout import EVERYTHING, USED_UP, Ended, Record, RolloutGroup
from voiceform.model.errors import StalePlanError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult
from voiceform.model.wording import are, counted


@dataclass(slots=True)
class Wave:
    """The stacks of one group: what is to be done, and what is ended already.

    `before` ended in an earlier run, done or with a plan that is used up; `before_at` is when the last of
    them did.
    """

    group: RolloutGroup
    jobs: list[Job] = field(default_factory=list)
    ended: list[StackResult] = field(default_factory=list)
    before: list[StackResult] = field(default_factory=list)
    before_at: datetime | None = None

    def to_watch(self, now: datetime) -> timedelta:
        """For how long from now on it is to be watched before the next group begins."""
        if self.jobs:
            return self.group.wait
        if self.before_at is None:
            return timedelta(0)
        return min(max(self.before_at + self.group.wait - now, timedelta(0)), self.group.wait)

    @property
    def size(self) -> int:
        """How many stacks are in it."""
        return len(self.jobs) + len(self.ended) + len(self.before)


def planned_members(folder: PlanFolder, members: Iterable[Member]) -> list[Member]:
    """Those that are in the folder. StalePlanError where one is no more in the fleet."""
    planned = {each.stack for each in folder.stacks}
    found = [member for member in members if member.name in planned]
    gone = planned - {member.name for member in found}
    if gone:
        names = ", ".join(sorted(gone)[:3])
        raise StalePlanError(
            f"{counted(len(gone), 'planned stack')} {are(len(gone))} no more in the fleet: {names};"
            " nothing was done",
            hint="plan again: voiceform fleet plan --out DIR",
        )
    return found


def waves_of(
    folder: PlanFolder,
    members: Iterable[Member],
    groups: Sequence[RolloutGroup],
    settings: Settings,
    options: Mapping[str, object],
    *,
    resume: bool,
) -> list[Wave]:
    """The stacks in their groups: each in the first that it is in, and first there what failed before and can
    be tried again."""
    waves = [Wave(group) for group in groups or EVERYTHING]
    known = Record(folder.path / ROLLOUT, folder.digest).read() if resume else {}
    planned = {each.stack: each for each in folder.stacks}
    for member in sorted(members, key=lambda member: member.name not in known):
        wave = next(wave for wave in waves if member in wave.group)
        _put(wave, member, planned[member.name], folder, settings, options, known.get(member.name))
    return waves


def _put(
    wave: Wave,
    member: Member,
    planned: Planned,
    folder: PlanFolder,
    settings: Settings,
    options: Mapping[str, object],
    before: Ended | None,
) -> None:
    if before is not None and before.code in (ExitCode.DONE, *USED_UP):
        line, error = "done before", None
        if before.code is not ExitCode.DONE:
            line = "failed before"
            error = f"it ended with {int(before.code)} before, and its plan is used up\n  plan it again"
        wave.before.append(StackResult(member.name, member.account, before.code, line, error=error))
        wave.before_at = max(wave.before_at or before.at, before.at)
    elif planned.file is None or not planned.pending:
        wave.ended.append(result_without_plan(planned))
    elif not member.problems and member.account != planned.account:
        error = f"it was planned for account {planned.account}, and now is {member.account}\n  plan it again"
        wave.ended.append(
            StackResult(member.name, member.account, ExitCode.STALE, "is another account", error=error)
        )
    else:
        what = {"file": str(folder.path / planned.file), "sha256": planned.sha256, **options}
        wave.jobs.append(Job("apply", member, settings, what))
