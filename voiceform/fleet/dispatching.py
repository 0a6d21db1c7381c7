"""The job that places due calls, and what became of it in a line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voiceform.dispatch.telling import call_line
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult
from voiceform.model.wording import counted

if TYPE_CHECKING:
    from voiceform.dispatch.service import DispatchReport
    from voiceform.fleet.jobs import Heard, Job
    from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
    from voiceform.model.address import Address
    from voiceform.stack.stack import Stack


def dispatch(stack: Stack, job: Job, heard: Heard) -> StackResult:
    """Place what is due now."""

    def tell(address: Address, key: Key, entry: LedgerEntry | None) -> None:
        text = call_line(address, key, entry)
        if text is not None:
            heard.notes.append(heard.unshown.text(text))

    report = stack.dispatch_once(on_call=tell, lock_timeout=job.options["lock_timeout"])
    return result_of_dispatch(report, job, once=True)


def result_of_dispatch(report: DispatchReport, job: Job, *, once: bool) -> StackResult:
    """How the stack stands. Where something is left due, one look that ended is not all."""
    from voiceform.dispatch.measuring import measure_dispatch

    counts: dict[str, int] = {}
    problems = dict(report.problems)
    for tally in report.tallies.values():
        for status, count in tally.statuses.items():
            counts[str(status)] = counts.get(str(status), 0) + count
        counts["waiting"] = counts.get("waiting", 0) + tally.waiting
        for text, count in tally.problems.items():
            problems[text] = problems.get(text, 0) + count
    counts = {name: count for name, count in counts.items() if count}
    told = [f"{count:,} {name}" for name, count in counts.items()]
    why = [f"{text} ({count})" for text, count in problems.items()]
    why += [f"{address} is {pause}" for address, pause in report.stopped.items()]
    if report.unknown:
        why.append(f"unknown outcomes: {report.unknown}; see voiceform calls list --status unknown")
    if report.reserved:
        why.append(report.in_doubt)
    if once and report.left:
        left = sum(each.people for each in report.left.values())
        why.append(f"{counted(left, 'person', 'people')} still due")
    code = report.exit_code or (ExitCode.INCOMPLETE if once and report.left else ExitCode.DONE)
    line = ", ".join(told) if told else "nothing is due"
    return StackResult(
        job.member.name,
        job.member.account,
        code,
        line,
        error="\n  ".join([line, *why]) if code is not ExitCode.DONE else None,
        counts={**counts, "stopped": len(report.stopped), "open": report.unknown + len(report.reserved)},
        measured=measure_dispatch(report),
    )
