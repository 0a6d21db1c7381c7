"""Plans as JSON documents and back; the digest that shows an edit."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from voiceform.model.address import Address
from voiceform.model.empty import EMPTY
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.masking import redact, without_digests
from voiceform.model.plan import (
    FORMAT_VERSION,
    PROTECT,
    Action,
    Blocked,
    Caution,
    Change,
    ConfigSource,
    Drift,
    DriftStatus,
    FieldChange,
    Kept,
    Mode,
    Plan,
    StateVersion,
    Summary,
    Unmanaged,
)
from voiceform.model.resource import Attributes, canonical_json
from voiceform.model.safety import Freeze
from voiceform.model.scopes import Vocabulary
from voiceform.model.unshown import Holding, Unshown, concealed

Json = dict[str, Any]


def plan_to_document(plan: Plan) -> Json:
    """The plan as the JSON document of schemas/plan.schema.json, with its digest."""
    document: Json = {
        "format_version": FORMAT_VERSION,
        "plan_id": plan.plan_id,
        "created_at": instant_to_text(plan.created_at),
        "account_sid": plan.account_sid,
        "place": plan.place,
        "config": {"digest": plan.config.digest, "files": list(plan.config.files)},
        "state": {"lineage": plan.state.lineage, "serial": plan.state.serial},
        "mode": str(plan.mode),
        "complete": plan.complete,
        "targets": list(plan.targets),
        "excludes": list(plan.excludes),
        "summary": {
            "create": plan.summary.create,
            "update": plan.summary.update,
            "delete": plan.summary.delete,
            "no_op": plan.summary.no_op,
            **plan.summary.totals,
        },
        "changes": [change_to_document(change) for change in plan.changes],
        "drift": [_drift_to_document(drift) for drift in plan.drift],
        "unmanaged": [{"kind": item.kind, "sid": item.sid, "name": item.name} for item in plan.unmanaged],
        "blocked": [_blocked_to_document(blocked) for blocked in plan.blocked],
        "warnings": [
            {"address": str(item.address), "message": item.message, "hint": item.hint}
            for item in plan.warnings
        ],
    }
    if plan.made_for is not None:
        document["made_for"] = instant_to_text(plan.made_for)
    if plan.freezes:
        document["freezes"] = [_freeze_to_document(freeze) for freeze in plan.freezes]
    document["review_digest"] = plan.review_digest or review_digest(plan, None)
    document["digest"] = document_digest(document)
    return document


def sealed(plan: Plan, secret: str | None) -> Plan:
    """`plan` with the review digest that it has under the secret of its state."""
    return replace(plan, review_digest=review_digest(plan, secret))


def review_digest(plan: Plan, secret: str | None) -> str:
    """A digest of what the plan will do, and of nothing else; it is printed, so nobody may guess from it.

    Plans that were made at different times, or from a state that moved on elsewhere, have the same one as
    long as they do the same to the same objects: what was reviewed can be recognised in a plan made anew.

    It is keyed with the `secret` of the state: of a masked number six digits are unknown, which a bare hash
    would give back within a second. Without a secret (nothing was ever applied, or a review offline) it
    is over what is shown: numbers masked, secrets, digests and values of the environment left out.
    """
    unshown = unshown_of(plan) if secret is None else Unshown()
    essence = [
        [
            str(change.address),
            str(change.action),
            change.sid,
            change.operations,
            concealed(change.whole_before, change.hidden_before if secret is None else {}),
            concealed(change.whole_after, change.hidden_after if secret is None else {}),
            str(change.previous_address),
            change.fingerprint,
            change.counts,
            *_notes_essence(change, shown=secret is None),
            unshown.value({key: value for key, value in change.details.items() if key != "as_of"}),
        ]
        for change in plan.pending
    ]
    body = [plan.account_sid, str(plan.mode), plan.complete, essence]
    if secret is None:
        return f"review:{hashlib.sha256(canonical_json(without_digests(redact(body)))).hexdigest()}"
    return f"review:{hmac.new(secret.encode(), canonical_json(body), hashlib.sha256).hexdigest()}"


def _notes_essence(change: Change, *, shown: bool) -> list[object]:
    """What is said of an object, where that changes."""
    if change.notes_before == change.notes_after or change.action is not Action.UPDATE:
        return []
    return [
        concealed(change.notes_before, change.hidden_before if shown else {}),
        concealed(change.notes_after, change.hidden_after if shown else {}),
    ]


def unshown_of(plan: Plan) -> Unshown:
    """What the sentences of a plan, and of the run that applies it, must not repeat."""
    holdings: list[Holding] = []
    if not any(change.hidden_before or change.hidden_after for change in plan.changes) and not any(
        drift.hidden for drift in plan.drift
    ):
        return Unshown()
    for change in plan.changes:
        holdings += [(change.before, change.hidden_before), (change.after, change.hidden_after)]
        holdings += [(change.notes_before, change.hidden_before), (change.notes_after, change.hidden_after)]
    for drift in plan.drift:
        holdings += [(drift.before, drift.hidden), (drift.after, drift.hidden)]
    details: list[Holding] = [({"details": each.details}, each.hidden_after) for each in plan.changes]
    return Unshown.of(holdings, (str(change.address) for change in plan.changes), details)


def document_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of everything in a plan document but its digest."""
    body = {key: value for key, value in document.items() if key != "digest"}
    return f"sha256:{hashlib.sha256(canonical_json(body)).hexdigest()}"


def plan_from_document(document: Mapping[str, Any], vocabulary: Vocabulary) -> Plan:
    """The plan that a valid plan document describes (check schema and digest first)."""
    summary = dict(document["summary"])
    actions = {name: summary.pop(name) for name in ("create", "update", "delete", "no_op")}
    return Plan(
        plan_id=document["plan_id"],
        created_at=instant_from_text(document["created_at"]),
        account_sid=document["account_sid"],
        config=ConfigSource(document["config"]["digest"], tuple(document["config"]["files"])),
        state=StateVersion(document["state"]["lineage"], document["state"]["serial"]),
        mode=Mode(document["mode"]),
        complete=document["complete"],
        summary=Summary(**actions, totals=summary),
        changes=tuple(change_from_document(item) for item in document["changes"]),
        drift=tuple(_drift_from_document(item) for item in document["drift"]),
        unmanaged=tuple(Unmanaged(**item) for item in document["unmanaged"]),
        blocked=tuple(_blocked_from_document(item) for item in document["blocked"]),
        warnings=tuple(
            Caution(Address.parse(item["address"]), item["message"], item["hint"])
            for item in document["warnings"]
        ),
        targets=tuple(document["targets"]),
        excludes=tuple(document["excludes"]),
        review_digest=document["review_digest"],
        place=document["place"],
        vocabulary=vocabulary,
        freezes=tuple(_freeze_from_document(item) for item in document.get("freezes", ())),
        made_for=instant_from_text(document["made_for"]) if "made_for" in document else None,
    )


def change_to_document(change: Change) -> Json:
    """One change as JSON; optional members are left out when empty."""
    document: Json = {
        "address": str(change.address),
        "kind": change.kind,
        "action": str(change.action),
        "reason": change.reason,
        "sid": change.sid,
        "operations": list(change.operations),
        "before": change.whole_before,
        "after": change.whole_after,
        "fields": _fields_to_document(change.fields),
        "impact": list(change.impact),
        "fingerprint": change.fingerprint,
    }
    if change.previous_address is not None:
        document["previous_address"] = str(change.previous_address)
    if change.depends_on:
        document["depends_on"] = [str(address) for address in change.depends_on]
    if change.counts:
        document["counts"] = dict(change.counts)
    if change.details:
        document["details"] = change.details
    if change.irreversible is not None:
        document["irreversible"] = change.irreversible
    if change.kept is not None:
        document["kept"] = {
            "count": change.kept.count,
            "by": list(change.kept.by),
            "keeper": change.kept.keeper,
        }
    if change.hidden_before or change.hidden_after:
        document["from_environment"] = {
            "before": dict(change.hidden_before),
            "after": dict(change.hidden_after),
        }
    if change.notes_before or change.notes_after:
        document["notes"] = {"before": dict(change.notes_before), "after": dict(change.notes_after)}
    return document


def change_from_document(document: Mapping[str, Any]) -> Change:
    """The change that `change_to_document` wrote."""
    previous = document.get("previous_address")
    kept = document.get("kept")
    hidden = document.get("from_environment", EMPTY)
    notes = document.get("notes", EMPTY)
    before, protect_before = _unprotected(document["before"])
    after, protect_after = _unprotected(document["after"])
    return Change(
        address=Address.parse(document["address"]),
        action=Action(document["action"]),
        reason=document["reason"],
        sid=document["sid"],
        operations=tuple(document["operations"]),
        before=before,
        after=after,
        protect_before=protect_before,
        protect_after=protect_after,
        fields=_fields_from_document(document["fields"]),
        impact=tuple(document["impact"]),
        fingerprint=document["fingerprint"],
        previous_address=Address.parse(previous) if previous is not None else None,
        depends_on=tuple(Address.parse(text) for text in document.get("depends_on", ())),
        counts=document.get("counts", EMPTY),
        details=document.get("details", EMPTY),
        irreversible=document.get("irreversible"),
        kept=Kept(kept["count"], tuple(kept["by"]), kept["keeper"]) if kept is not None else None,
        hidden_before=hidden.get("before", EMPTY),
        hidden_after=hidden.get("after", EMPTY),
        notes_before=notes.get("before", EMPTY),
        notes_after=notes.get("after", EMPTY),
    )


def _unprotected(attributes: Attributes | None) -> tuple[Attributes | None, bool | None]:
    if attributes is None or PROTECT not in attributes:
        return attributes, None
    return {key: value for key, value in attributes.items() if key != PROTECT}, bool(attributes[PROTECT])


def _fields_to_document(fields: tuple[FieldChange, ...]) -> list[Json]:
    return [{"path": item.path, "before": item.before, "after": item.after} for item in fields]


def _fields_from_document(items: list[Json]) -> tuple[FieldChange, ...]:
    return tuple(FieldChange(**item) for item in items)


def _drift_to_document(drift: Drift) -> Json:
    document: Json = {
        "address": str(drift.address),
        "kind": drift.address.kind,
        "status": str(drift.status),
        "sid": drift.sid,
        "before": drift.before,
        "after": drift.after,
        "fields": _fields_to_document(drift.fields),
        "explanation": drift.explanation,
    }
    if drift.hidden:
        document["from_environment"] = dict(drift.hidden)
    return document


def _drift_from_document(document: Mapping[str, Any]) -> Drift:
    return Drift(
        address=Address.parse(document["address"]),
        status=DriftStatus(document["status"]),
        sid=document["sid"],
        before=document["before"],
        after=document["after"],
        fields=_fields_from_document(document["fields"]),
        explanation=document["explanation"],
        hidden=document.get("from_environment", EMPTY),
    )


def _blocked_to_document(blocked: Blocked) -> Json:
    return {
        "rule": blocked.rule,
        "message": blocked.message,
        "hint": blocked.hint,
        "addresses": [str(address) for address in blocked.addresses],
        "scope": blocked.scope,
        "count": blocked.count,
        "limit": blocked.limit,
    }


def _blocked_from_document(document: Mapping[str, Any]) -> Blocked:
    addresses = tuple(Address.parse(text) for text in document["addresses"])
    return Blocked(**{**document, "addresses": addresses})


def _freeze_to_document(freeze: Freeze) -> Json:
    return {
        "start": instant_to_text(freeze.start),
        "end": instant_to_text(freeze.end),
        "reason": freeze.reason,
        "kinds": list(freeze.kinds),
        "period": freeze.period,
    }


def _freeze_from_document(document: Mapping[str, Any]) -> Freeze:
    return Freeze(
        instant_from_text(document["start"]),
        instant_from_text(document["end"]),
        document["reason"],
        tuple(document["kinds"]),
        document["period"],
    )
