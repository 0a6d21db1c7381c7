"""The jobs that only read: validate, plan, drift, status."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from voiceform.fleet.lines import change_lines, counts_of
from voiceform.fleet.variables import UNUSED, Asked, unused_here
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult
from voiceform.model.plan import Mode, Plan
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.fleet.jobs import Heard, Job
    from voiceform.stack.stack import Stack
    from voiceform.stack.standing import Recorded, Status


def validate(stack: Stack, job: Job, _: Heard) -> StackResult:
    """The configuration, offline; and whether it is of the account that the fleet says."""
    from voiceform.model.errors import CredentialsError

    found = stack.validate()
    if found.account is not None and found.account.lower() != job.member.account.lower():
        raise CredentialsError(
            f"the configuration is for account {found.account}, the fleet says {job.member.account}",
            hint="correct `account:` in one of them",
        )
    line = f"valid: {counted(len(found.desired), 'object')}"
    environ = stack.parts.environ
    vain = unused_here(job.member, environ) if isinstance(environ, Asked) else {}
    details = {UNUSED: vain} if vain else {}
    return replace(_result(job, ExitCode.DONE, line), findings=found.warnings, details=details)


def plan(stack: Stack, job: Job, heard: Heard) -> StackResult:
    """What apply would do. A run that did not end is something to do: apply finds out what became of it."""
    made = stack.plan_prune() if job.options["prune"] else stack.plan()
    return saved(made, result_of(made, job), job, pending=heard.open)


def show(stack: Stack, job: Job, _: Heard) -> StackResult:
    """A plan that was saved."""
    from voiceform.fleet.acting import saved_plan

    return result_of(saved_plan(stack, job), job)


def saved(made: Plan, result: StackResult, job: Job, *, pending: bool) -> StackResult:
    """The result with where its plan is, if plans are to be saved."""
    if "out" not in job.options:
        return result
    from voiceform.engine.planfile import write_plan_file
    from voiceform.fleet.folder import file_of

    path = Path(job.options["out"]) / file_of(job.member.name)
    written = write_plan_file(made, path)
    details = {
        "file": path.name,
        "sha256": written.sha256,
        "pending": bool(made.pending or made.drift or pending),
    }
    return replace(result, details={**result.details, **details})


def drift(stack: Stack, job: Job, _: Heard) -> StackResult:
    """What was changed behind our back; what would block accepting that is not asked."""
    made = stack.drift()
    found = result_of(replace(made, blocked=()), job)
    return replace(found, code=ExitCode.DRIFT if made.drift else ExitCode.DONE)


def result_of(made: Plan, job: Job) -> StackResult:
    """A plan as the result of its stack."""
    from voiceform.render.metrics import measure_plan
    from voiceform.render.view import headline

    return StackResult(
        job.member.name,
        job.member.account,
        made.exit_code(detailed=True),
        headline(made),
        counts=counts_of(made),
        changes=tuple(change_lines(made, show_numbers=job.settings.show_numbers)),
        details={"plan_id": made.plan_id, "review_digest": made.review_digest},
        measured=measure_plan(made),
    )


def status(stack: Stack, job: Job, heard: Heard) -> StackResult:
    """How the stack stands. What could not be read is said, as what else a person should know; that is no
    failure of looking."""
    found = stack.status()
    state, live = found.state, found.live
    heard.warnings += _grave(found)
    counts: dict[str, int] = {"unread": len(found.unread), "partly_read": int(bool(found.unread))}
    if state is not None:
        counts |= {
            "recorded": sum(state.objects.values()),
            "unknown": state.unknown,
            "holds": len(state.holds),
        }
        counts |= {"stopped": len(state.stopped), "unfinished": len(state.unfinished)}
    if live is not None:
        counts |= {"waiting": live.waiting, "rooms": live.rooms}
    mode = {"mode": str(Mode.NORMAL)} if state is not None and not state.began else {}
    said = "; ".join(_said(found))
    result = _result(job, ExitCode.DONE, heard.unshown.text(said))
    server = next((item.server for item in found.unread if item.server), "")
    return replace(result, counts=counts, details=mode, unreachable=server)


def _said(found: Status) -> Iterator[str]:
    if found.state is not None:
        yield from _recorded(found.state)
    if found.live is not None:
        yield f"{found.live.waiting:,} waiting" if found.live.waiting else "nobody waits"
    yield from _grave(found)


def _recorded(state: Recorded) -> Iterator[str]:
    if not state.began:
        yield "there is no state yet"
        return
    yield f"{counted(sum(state.objects.values()), 'object')} recorded"
    if state.last_run is not None:
        yield f"last run {state.last_run.began_at:%Y-%m-%d %H:%M} UTC"
    if state.lock is not None and state.lock.holder is not None:
        yield f"held by {state.lock.holder}"


def _grave(found: Status) -> Iterator[str]:
    """What a person should know of, among however many stacks."""
    state = found.state
    if state is not None and state.unfinished:
        yield f"{counted(len(state.unfinished), 'run')} did not end"
    if state is not None and state.unknown:
        yield f"{counted(state.unknown, 'call')} of which nobody knows whether it took place"
    if state is not None and state.stopped:
        yield f"{counted(len(state.stopped), 'schedule')} stopped"
    for item in found.unread:
        yield f"not read: {item.what}: {item.error}"


def _result(job: Job, code: ExitCode, line: str) -> StackResult:
    return StackResult(job.member.name, job.member.account, code, line)
