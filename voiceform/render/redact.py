"""The one place where plans and reports lose what people and CI logs may not see.

Every renderer begins here. A redacted plan is for showing alone: it must never be applied or written as a
plan file, and has no digest that masked numbers could be guessed from but the review digest, which is keyed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from voiceform.model.address import Address
from voiceform.model.masking import redact, redact_field, redact_text, without_digests
from voiceform.model.plan import Blocked, Change, Drift, FieldChange, Kept, Plan
from voiceform.model.plan_codec import review_digest, unshown_of
from voiceform.model.run import Outcome, RunReport
from voiceform.model.unshown import Hidden, Unshown, concealed, concealed_change


class _ShownAddress(Address):
    """An address that reads masked, and is still told from all others: two masked ones may read the same.

    Equal to its like alone, so whatever is compared must be redacted on both sides.
    """

    __slots__ = ()

    def __str__(self) -> str:
        return redact_text(super().__str__())


def redact_plan(plan: Plan, *, show_numbers: bool) -> Plan:
    """`plan` without secrets, with what came from the environment as it is written and, unless
    `show_numbers`, with its phone numbers masked."""
    plan = without_hidden(plan)
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
            replace(
                item,
                address=_address(item.address, show_numbers),
                message=_text(item.message, show_numbers),
                hint=_text(item.hint, show_numbers),
            )
            for item in plan.warnings
        ),
        targets=tuple(_text(pattern, show_numbers) for pattern in plan.targets),
        excludes=tuple(_text(pattern, show_numbers) for pattern in plan.excludes),
    )


def with_values(plan: Plan) -> Plan:
    """`plan` with nothing marked as hidden, for whoever asks to see it."""
    return replace(
        plan,
        review_digest=plan.review_digest or review_digest(plan, None),
        changes=tuple(replace(change, hidden_before={}, hidden_after={}) for change in plan.changes),
        drift=tuple(replace(drift, hidden={}) for drift in plan.drift),
    )


def redact_run(report: RunReport, plan: Plan, *, show_numbers: bool) -> tuple[RunReport, Plan]:
    """`report` redacted, and of its plan what a report needs: the same addresses, and what hangs on what."""
    unshown = unshown_of(plan)
    outcomes, earlier = (
        tuple(redact_outcome(item, unshown, show_numbers=show_numbers) for item in items)
        for items in (report.outcomes, report.earlier)
    )
    shown = replace(
        plan,
        changes=tuple(
            replace(
                change,
                address=_address(change.address, show_numbers),
                depends_on=_addresses(change.depends_on, show_numbers),
            )
            for change in plan.changes
        ),
        drift=tuple(replace(item, address=_address(item.address, show_numbers)) for item in plan.drift),
    )
    return replace(report, outcomes=outcomes, earlier=earlier), shown


def redact_outcome(outcome: Outcome, unshown: Unshown, *, show_numbers: bool) -> Outcome:
    """One outcome, as in redact_run."""
    outcome = replace(
        outcome,
        message=outcome.message and unshown.text(outcome.message),
        hint=outcome.hint and unshown.text(outcome.hint),
    )
    return replace(
        outcome,
        address=_address(outcome.address, show_numbers),
        sid=_maybe(outcome.sid, show_numbers),
        message=_maybe(outcome.message, show_numbers),
        hint=_maybe(outcome.hint, show_numbers),
        request_id=_maybe(outcome.request_id, show_numbers),
    )


def without_hidden(plan: Plan) -> Plan:
    """`plan` with what came from the environment as it is written, in attributes and in sentences."""
    unshown = unshown_of(plan)
    if not unshown and not any(item.hidden_before or item.hidden_after for item in plan.changes):
        return plan
    return replace(
        plan,
        review_digest=plan.review_digest or review_digest(plan, None),
        changes=tuple(_concealed_change(change, unshown) for change in plan.changes),
        drift=tuple(_concealed_drift(drift, unshown) for drift in plan.drift),
        unmanaged=tuple(replace(item, name=unshown.text(item.name)) for item in plan.unmanaged),
        blocked=tuple(
            replace(item, message=unshown.text(item.message), hint=unshown.text(item.hint))
            for item in plan.blocked
        ),
        warnings=tuple(
            replace(item, message=unshown.text(item.message), hint=unshown.text(item.hint))
            for item in plan.warnings
        ),
    )


def _concealed_change(change: Change, unshown: Unshown) -> Change:
    return replace(
        change,
        reason=unshown.text(change.reason),
        before=concealed(change.before, change.hidden_before),
        after=concealed(change.after, change.hidden_after),
        fields=_concealed_fields(change.fields, change.hidden_before, change.hidden_after),
        impact=tuple(map(unshown.text, change.impact)),
        details=unshown.value(change.details),
        irreversible=change.irreversible and unshown.text(change.irreversible),
        notes_before=concealed(change.notes_before, change.hidden_before),
        notes_after=concealed(change.notes_after, change.hidden_after),
        kept=change.kept and replace(change.kept, by=tuple(map(unshown.text, change.kept.by))),
    )


def _concealed_drift(drift: Drift, unshown: Unshown) -> Drift:
    return replace(
        drift,
        before=concealed(drift.before, drift.hidden),
        after=concealed(drift.after, drift.hidden),
        fields=_concealed_fields(drift.fields, drift.hidden, drift.hidden),
        explanation=drift.explanation and unshown.text(drift.explanation),
    )


def _concealed_fields(
    fields: tuple[FieldChange, ...], before: Hidden, after: Hidden
) -> tuple[FieldChange, ...]:
    return tuple(
        FieldChange(item.path, *concealed_change(item.path, item.before, item.after, (before, after)))
        for item in fields
    )


def _change(change: Change, show_numbers: bool) -> Change:
    return replace(
        change,
        address=_address(change.address, show_numbers),
        previous_address=_address(change.previous_address, show_numbers) if change.previous_address else None,
        depends_on=_addresses(change.depends_on, show_numbers),
        reason=_text(change.reason, show_numbers),
        sid=_maybe(change.sid, show_numbers),
        before=_attributes(change.before, show_numbers),
        after=_attributes(change.after, show_numbers),
        fields=_fields(change.fields, show_numbers),
        impact=tuple(_text(line, show_numbers) for line in change.impact),
        details=without_digests(redact(change.details, show_numbers=show_numbers)),
        fingerprint=None,
        irreversible=_maybe(change.irreversible, show_numbers),
        notes_before=redact(change.notes_before, show_numbers=show_numbers),
        notes_after=redact(change.notes_after, show_numbers=show_numbers),
        kept=change.kept and _kept(change.kept, show_numbers),
    )


def _kept(kept: Kept, show_numbers: bool) -> Kept:
    by = tuple(_text(name, show_numbers) for name in kept.by)
    return replace(kept, by=by, keeper=_text(kept.keeper, show_numbers))


def _drift(drift: Drift, show_numbers: bool) -> Drift:
    return replace(
        drift,
        address=_address(drift.address, show_numbers),
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
        addresses=_addresses(blocked.addresses, show_numbers),
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


def _address(address: Address, show_numbers: bool) -> Address:
    return address if show_numbers else _ShownAddress(address.kind, address.name)


def _addresses(addresses: tuple[Address, ...], show_numbers: bool) -> tuple[Address, ...]:
    return tuple(_address(address, show_numbers) for address in addresses)


def _text(text: str, show_numbers: bool) -> str:
    return redact_text(text, show_numbers=show_numbers)


def _maybe(text: str | None, show_numbers: bool) -> str | None:
    return None if text is None else redact_text(text, show_numbers=show_numbers)
