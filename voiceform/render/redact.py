"""The one place where plans and reports lose what people and CI logs may not see.

Every renderer begins here. A redacted plan is for showing alone: it must never be applied or written as a
plan file, and has no digest that masked numbers could be guessed from but the review digest, which is keyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from voiceform.model.masking import redact, redact_field, redact_text, without_digests
from voiceform.model.plan import Blocked, Change, Drift, FieldChange, Plan
from voiceform.model.plan_codec import review_digest
from voiceform.model.run import Outcome, RunReport


def redact_plan(plan: Plan, *, show_numbers: bool) -> Plan:
    """`plan` without secrets and, unless `show_numbers`, with its phone numbers masked."""
    return replace(
        plan,
        config=replace(plan.config, files=tuple(_text(file, show_numbers) for file in plan.config.files)),
        review_digest=plan.review_digest or review_digest(plan, None),
        changes=tuple(_change(change, show_numbers) for change in plan.changes),
        drift=tuple(_drift(drift, show_numbers) for drift in plan.drift),
        unmanaged=tuple(
            replace(item, sid=_text(item.sid, show_numbers), name=_text(item.name, show_numbers))
            for item in plan.unmanaged
        ),
        blocked=tuple(_blocked(blocked, show_numbers) for blocked in plan.blocked),
        warnings=tuple(
            replace(item, message=_text(item.message, show_numbers), hint=_text(item.hint, show_numbers))
            for item in plan.warnings
        ),
        targets=tuple(_text(pattern, show_numbers) for pattern in plan.targets),
        excludes=tuple(_text(pattern, show_numbers) for pattern in plan.excludes),
    )


def redact_report(report: RunReport, *, show_numbers: bool) -> RunReport:
    """`report` without secrets and, unless `show_numbers`, with the phone numbers in its messages masked."""
    return replace(
        report, outcomes=tuple(redact_outcome(item, show_numbers=show_numbers) for item in report.outcomes)
    )


def redact_outcome(outcome: Outcome, *, show_numbers: bool) -> Outcome:
    """One outcome, as in redact_report."""
    return replace(
        outcome,
        sid=_maybe(outcome.sid, show_numbers),
        message=_maybe(outcome.message, show_numbers),
        hint=_maybe(outcome.hint, show_numbers),
        request_id=_maybe(outcome.request_id, show_numbers),
    )


def _change(change: Change, show_numbers: bool) -> Change:
    return replace(
        change,
        reason=_text(change.reason, show_numbers),
        sid=_maybe(change.sid, show_numbers),
        before=_attributes(change.before, show_numbers),
        after=_attributes(change.after, show_numbers),
        fields=_fields(change.fields, show_numbers),
        impact=tuple(_text(line, show_numbers) for line in change.impact),
        details=without_digests(redact(change.details, show_numbers=show_numbers)),
        fingerprint=None,
        irreversible=_maybe(change.irreversible, show_numbers),
    )


def _drift(drift: Drift, show_numbers: bool) -> Drift:
    return replace(
        drift,
        sid=_maybe(drift.sid, show_numbers),
        before=redact(drift.before, show_numbers=show_numbers),
        after=_attributes(drift.after, show_numbers),
        fields=_fields(drift.fields, show_numbers),
        explanation=_maybe(drift.explanation, show_numbers),
    )


def _blocked(blocked: Blocked, show_numbers: bool) -> Blocked:
    return replace(
        blocked,
        rule=_text(blocked.rule, show_numbers),
        message=_text(blocked.message, show_numbers),
        hint=_text(blocked.hint, show_numbers),
        scope=_maybe(blocked.scope, show_numbers),
        limit=_maybe(blocked.limit, show_numbers),
    )


def _fields(fields: tuple[FieldChange, ...], show_numbers: bool) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(
            _text(item.path, show_numbers),
            redact_field(item.path, item.before, show_numbers=show_numbers),
            redact_field(item.path, item.after, show_numbers=show_numbers),
        )
        for item in fields
    )


def _attributes(attributes: Mapping[str, Any] | None, show_numbers: bool) -> Mapping[str, Any] | None:
    shown: Mapping[str, Any] | None = redact(attributes, show_numbers=show_numbers)
    return shown


def _text(text: str, show_numbers: bool) -> str:
    return redact_text(text, show_numbers=show_numbers)


def _maybe(text: str | None, show_numbers: bool) -> str | None:
    return None if text is None else redact_text(text, show_numbers=show_numbers)
