"""A plan as one HTML file: nothing is loaded from elsewhere, and it reads whole without its script.

What is shown is decided here, how it is laid out in assets/plan.html.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from voiceform.model.instants import instant_to_text
from voiceform.model.pages import page
from voiceform.model.plan import Change, Drift, DriftStatus, Plan
from voiceform.model.scopes import Effect, Vocabulary
from voiceform.model.shown import Shown
from voiceform.render.redact import redact_plan
from voiceform.render.view import (
    EFFECTS,
    SYMBOLS,
    drift_rows,
    effect_of,
    feelings_of,
    headline,
    notes_of,
    notes_on,
    reason_of,
    remarks_of,
    rows_of,
    verb_of,
)

_LARGE = 500  # from here on a browser need not lay out what is not in sight


def render_plan_html(plan: Plan, *, show_numbers: bool = False, commit: str | None = None) -> Shown:
    """A whole HTML document; ends in a newline.

    Its Content-Security-Policy allows the one style and the one script that are in it, by their hashes, and
    nothing else. Every value is escaped, and isolated: right-to-left text cannot reorder its neighbours.
    """
    values = plan_values(redact_plan(plan, show_numbers=show_numbers), commit)
    return Shown(page("voiceform.render", "plan.html", values))


def plan_values(plan: Plan, commit: str | None) -> dict[str, object]:
    """What the template is filled with: the parts of a plan that is redacted already."""
    groups = list(_groups(plan))
    kinds = Counter(change.kind for change in plan.pending)
    return {
        "plan_id": plan.plan_id,
        "large": len(plan.pending) > _LARGE,
        "headline": headline(plan),
        "facts": list(_facts(plan, commit)),
        "notes": notes_of(plan),
        "blocked": plan.blocked,
        "warnings": [
            {"address": str(item.address), "message": item.message, "hint": item.hint}
            for item in plan.warnings
        ],
        "effects": [
            {"value": group["effect"], "label": group["title"], "count": group["count"]} for group in groups
        ],
        "kinds": [{"value": kind, "label": kind, "count": count} for kind, count in sorted(kinds.items())],
        "groups": groups,
        "drift": [_drift(item) for item in plan.drift],
        "in_force": [
            {"address": str(change.address), "notes": list(notes_on(change)), "impact": change.impact}
            for change in plan.in_force
        ],
        "unmanaged": plan.unmanaged,
    }


def _facts(plan: Plan, commit: str | None) -> Iterator[dict[str, str]]:
    facts = {
        "Plan": plan.plan_id,
        "Made at": instant_to_text(plan.created_at),
        "Account": plan.account_sid,
        "Commit": commit,
        "Files": ", ".join(plan.config.files),
        "Digest": plan.review_digest,
    }
    return ({"name": name, "value": value} for name, value in facts.items() if value)


def _groups(plan: Plan) -> Iterator[dict[str, object]]:
    """The changes by what is gravest in them; no group is empty."""
    found: dict[Effect, list[Change]] = {effect: [] for effect in Effect}
    for change in plan.pending:
        found[effect_of(change, plan.vocabulary)].append(change)
    for effect, title, _ in EFFECTS:
        if found[effect]:
            yield {
                "effect": str(effect),
                "title": title,
                "symbol": SYMBOLS[effect],
                "count": len(found[effect]),
                "changes": [_change(change, plan.vocabulary) for change in found[effect]],
            }


def _change(change: Change, vocabulary: Vocabulary) -> dict[str, object]:
    return {
        "kind": change.kind,
        "verb": verb_of(change, vocabulary),
        "address": str(change.address),
        "sid": change.sid,
        "remarks": remarks_of(change, vocabulary),
        "reason": reason_of(change),
        "notes": list(notes_on(change)),
        "rows": list(rows_of(change)),
        "feelings": list(feelings_of(change)),
    }


def _drift(drift: Drift) -> dict[str, object]:
    return {
        "address": str(drift.address),
        "state": "is gone" if drift.status is DriftStatus.GONE else "has changed",
        "sid": drift.sid,
        "explanation": drift.explanation,
        "rows": list(drift_rows(drift)),
    }
