"""What is done about one stack of a fleet: the same function here, in a process of the pool, or elsewhere.

A job names the stack and what to do; it holds no credential. What goes wrong about a stack is its result, and
never keeps the others from theirs."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from voiceform.fleet.lines import warning_line
from voiceform.fleet.member import Member
from voiceform.fleet.opening import Settings, Surroundings, stack_of
from voiceform.model.errors import ConfigurationError, VoiceformError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult
from voiceform.model.unshown import NOTHING, Unshown
from voiceform.model.wording import counted
from voiceform.stack.listener import Listener

if TYPE_CHECKING:
    from voiceform.model.plan import Plan
    from voiceform.model.resource import Desired, Recorded
    from voiceform.model.run import Outcome
    from voiceform.stack.stack import Stack
    from voiceform.state.journal_codec import RunRecord


@dataclass(frozen=True, slots=True)
class Job:
    """One thing to do about one stack; `options` are those of what is done."""

    what: str
    member: Member
    settings: Settings
    options: Mapping[str, Any] = field(default_factory=dict)


Do = Callable[["Stack", Job, "Heard"], StackResult]
"""Does a job, and says how it ended."""

READING = frozenset({"validate", "plan", "show", "drift", "status", "export"})
"""Jobs that write nothing to an account: one whose process died is done again."""

_OF_ONE_STACK = re.compile(r"\bvoiceform (?:lock|calls|state|runs|apply|plan)\b")
_FINDINGS = 3
"""So many of what is wrong in a configuration are told where it cannot be planned; validate tells all."""


class Heard:
    """What a stack told while it worked."""

    def __init__(self) -> None:
        self.unshown: Unshown = NOTHING
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self.settled: tuple[Outcome, ...] = ()
        self.open = False
        self.plan: Plan | None = None

    def listener(self) -> Listener:
        """Hears what is not to be shown, and what a person should know."""
        return Listener(
            known=self._hide,
            warned=lambda found: self.warnings.extend(each.message for each in found),
            unsettled=self._unsettled,
            settled=self._settle,
            planned=self._plan,
        )

    def _unsettled(self, runs: Sequence[RunRecord]) -> None:
        self.open = True
        self.warnings.append(
            f"{counted(len(runs), 'run')} did not end; the next apply finds out first what became of it"
        )

    def _settle(self, outcomes: Sequence[Outcome]) -> None:
        self.settled = (*self.settled, *outcomes)
        self.warnings.append(f"a run that died before was settled: {counted(len(outcomes), 'open change')}")

    def _plan(self, plan: Plan) -> None:
        self.plan = plan

    def covered(self, result: StackResult, member: Member) -> StackResult:
        """The result without the values of the environment that are not shown; where its error names commands
        of one stack, with how these find it."""
        error = result.error and self.unshown.text(result.error)
        if error and _OF_ONE_STACK.search(error):
            place = f"-C {member.folder}" if member.state is None else f"--state {member.state}"
            error += f"\n  such commands mean this stack with: voiceform {place}"
        return replace(result, line=self.unshown.text(result.line), error=error)

    def _hide(self, objects: Iterable[Desired | Recorded]) -> None:
        from voiceform.model.holdings import unshown_in

        self.unshown = self.unshown.joined(unshown_in(objects))


def unexpected(error: Exception, environ: Mapping[str, str]) -> str:
    """What is told of what the machine refuses, or of a defect; no secret of the environment is in it."""
    from voiceform.config.references import credentials_of
    from voiceform.model.refusals import refusal

    refused = refusal(error)
    defect = f"voiceform failed unexpectedly: {type(error).__name__}: {error}"
    told = defect if refused is None else str(refused)
    return credentials_of(environ).text(told)


def run_job(job: Job, here: Surroundings) -> StackResult:
    """Do it. Nothing is raised but what ends the process."""
    from voiceform.render.metrics import measure_settled

    heard = Heard()
    began = time.monotonic()
    try:
        stack = stack_of(job.member, job.settings, here, heard.listener())
        result = _doing(job.what)(stack, job, heard)
    except ConfigurationError as error:
        told = [str(each) for each in error.diagnostics[:_FINDINGS] if job.what != "validate"]
        result = failed(job, ExitCode.ERROR, "\n  ".join([error.what, *told]))
        result = replace(result, findings=error.diagnostics)
    except VoiceformError as error:
        # The command line of the fleet was right: what is wrong is about this stack.
        code = ExitCode.ERROR if error.exit_code == ExitCode.USAGE else ExitCode(error.exit_code)
        result = failed(job, code, "\n".join([str(error), *_lost(error, job)]))
        result = replace(result, unreachable=error.server)
        if heard.settled:
            result = replace(result, measured=measure_settled(heard.settled, stack.parts.vocabulary()))
    except Exception as error:  # the last resort: a defect about one stack stops no other
        result = failed(job, ExitCode.ERROR, unexpected(error, here.environ))
    result = heard.covered(result, job.member)
    details = {**result.details, "notes": heard.notes} if heard.notes else result.details
    numbers = job.settings.show_numbers
    warned = tuple(warning_line(heard.unshown.text(text), show_numbers=numbers) for text in heard.warnings)
    seconds = round(time.monotonic() - began, 3)
    return replace(result, seconds=seconds, details=details, changes=(*result.changes, *warned))


def _lost(error: VoiceformError, job: Job) -> list[str]:
    """What nobody knows of a run that died, of which the error keeps a report from telling."""
    if not error.earlier:
        return []
    from voiceform.render.text import render_lost

    return render_lost(error.earlier, show_numbers=job.settings.show_numbers).splitlines()


def failed(job: Job, code: ExitCode, error: str) -> StackResult:
    """The result of a stack about which nothing else is known."""
    return StackResult(job.member.name, job.member.account, code, "failed", error=error)


def _doing(what: str) -> Do:
    from voiceform.fleet import acting, dispatching, exporting, looking

    return {
        "validate": looking.validate,
        "plan": looking.plan,
        "show": looking.show,
        "drift": looking.drift,
        "status": looking.status,
        "apply": acting.apply,
        "dispatch": dispatching.dispatch,
        "export": exporting.export,
    }[what]
