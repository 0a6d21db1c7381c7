"""The jobs that change an account: a saved plan, exactly as it is."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from voiceform.fleet.folder import read_checked
from voiceform.model.errors import EvidenceError, OtherStateError, StalePlanError
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult
from voiceform.model.run import RunReport, Status, lost_of

if TYPE_CHECKING:
    from voiceform.fleet.jobs import Heard, Job
    from voiceform.fleet.member import Member
    from voiceform.model.plan import Plan
    from voiceform.stack.order import ApplyOptions
    from voiceform.stack.stack import Stack

_LINES = 20
"""So many lines about what failed are kept of one stack."""


def apply(stack: Stack, job: Job, heard: Heard) -> StackResult:
    """Carry out the plan of a file, if it still is what was saved.

    Where a run that died had to be settled first, or another came between, no plan of before fits any more.
    What nobody was to review is then planned again, as a single stack does it; but not from another state,
    which knows neither what is ours nor what a hold by command keeps.
    """
    from voiceform.render.metrics import measure_run

    plan = saved_plan(stack, job)
    evidence = evidence_of(job.member, plan)
    how: ApplyOptions = {
        "approve": job.options["approve"],
        "lock_timeout": job.options["lock_timeout"],
        "approved": job.options["approved"],
        "evidence": evidence,
    }
    if job.settings.elsewhere:
        _require_lasting(plan, evidence)
    try:
        report = stack.apply(plan, **how)
    except OtherStateError:
        raise
    except StalePlanError:
        if job.options["again"] is None:
            raise
        how["confirm"] = lambda again: not job.settings.elsewhere or _require_lasting(again, evidence)
        report = stack.prune(**how) if job.options["again"] == "prune" else stack.apply(**how)
        plan = heard.plan or plan
        report = replace(report, earlier=(*lost_of(heard.settled), *report.earlier))
    found = result_of_run(report, plan, job)
    return replace(found, measured=measure_run(report, plan.vocabulary, heard.settled))


def _require_lasting(plan: Plan, evidence: str | None) -> bool:
    """EvidenceError where what is to prove a deletion, or a copy, would lie on the disk of this machine."""
    for change in plan.pending:
        archive = (change.after or change.before or {}).get("archive") or {}
        for what, place in (("evidence", evidence or change.evidence), ("copies", archive.get("to"))):
            if place not in (None, "off") and urlsplit(place).scheme in ("", "file"):
                raise EvidenceError(
                    f"the {what} would lie in a folder of the machine that works on it, and go with that",
                    where=str(change.address),
                    hint="name a place that stays: evidence: s3://BUCKET/evidence/{stack} in the fleet file",
                )
    return True


def saved_plan(stack: Stack, job: Job) -> Plan:
    """The plan of the file that the job names. PlanFileError."""
    content = read_checked(Path(job.options["file"]), job.options["sha256"])
    return stack.read_plan(io.BytesIO(content))


def evidence_of(member: Member, plan: Plan) -> str | None:
    """Where what is destroyed is taken down, in place of what the plan says: stacks that share a folder would
    write into one chain, which one run at a time may do."""
    if member.evidence is not None:
        return member.evidence
    named = next((change.evidence for change in plan.pending if change.evidence is not None), None)
    if not member.shared or named is None or named == "off" or "://" in named or Path(named).is_absolute():
        return None
    return str(Path(named) / member.name)


def result_of_run(report: RunReport, plan: Plan, job: Job) -> StackResult:
    """A run as the result of its stack."""
    from voiceform.render.redact import redact_run
    from voiceform.render.run_text import run_lines

    lines = [
        line.text
        for line in run_lines(*redact_run(report, plan, show_numbers=job.settings.show_numbers))
        if line.text.strip()
    ]
    why = [*lines[:-1][:_LINES], *(["..."] if len(lines) > _LINES + 1 else [])]
    counts = {str(status): report.count(status) for status in Status}
    return StackResult(
        job.member.name,
        job.member.account,
        report.exit_code,
        lines[-1],
        error="\n".join([*why, lines[-1]]) if report.exit_code is not ExitCode.DONE else None,
        counts={**counts, "not_begun": report.not_begun},
        details={"run_id": report.run_id},
    )
