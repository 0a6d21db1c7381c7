"""The summary as one HTML page that needs nothing else: no scripts, no fonts, no network.

What is shown is decided here, how it is laid out in assets/summary.html.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from voiceform.model.masking import redact, redact_field
from voiceform.model.pages import page as filled

_WIDTH, _HEIGHT, _TOP, _BOTTOM = 800, 220, 20, 30
_LABEL = 60
"""The width that a label below a bar needs."""
_WORDS = {
    "deleted": "deleted",
    "already-gone": "gone already when the deletion arrived",
    "found-gone": "found gone after a run that died",
    "kept-by-hold": "kept by a hold",
    "kept-as-changed": "kept, because changed after the plan",
    "not-yet": "not deletable yet",
    "failed": "failed, still there or to be looked at",
}


def page(summary: Mapping[str, Any]) -> str:
    """The page of one evidence file."""
    return filled("voiceform.kinds.retention.evidence", "summary.html", page_values(summary))


def page_values(summary: Mapping[str, Any]) -> dict[str, object]:
    """What the template is filled with: nothing in it is a secret, or a number in clear."""
    values: dict[str, object] = redact(
        {
            **{name: summary[name] or "" for name in ("account_sid", "who", "opened_at", "closed_at")},
            **{name: summary[name] for name in ("file", "lines", "head")},
            "approved": ", ".join(summary["command"]) or "a person's answer, or a saved plan",
            "totals": _ends(summary["totals"]),
            "planned": [
                _planned(rule)
                for rule in summary["rules"]
                if rule["planned"] is not None or "person" in (rule["policy"] or {})
            ],
            "rules": [_rule(rule) for rule in summary["rules"]],
            "chart": _chart(summary["months"]),
        }
    )
    return values


def _ends(counts: Mapping[str, int]) -> list[dict[str, object]]:
    """How objects ended, in words, with how many."""
    return [{"words": _WORDS.get(name, name), "count": count} for name, count in counts.items()]


def _planned(rule: Mapping[str, Any]) -> dict[str, object]:
    """What was planned under one rule, and what holds kept from it."""
    plan, policy = rule["planned"], dict(rule["policy"] or {})
    if plan is None:  # an erasure, which is of no time
        left = policy.pop("left")
        held = {"count": sum(left.values()), "by": list(left)}
        plan = {"count": policy.pop("planned"), "minutes": 0, "created_until": None, "held": held}
    return {
        "rule": rule["rule"],
        "policy": [
            {"name": name, "value": json.dumps(redact_field(name, value), ensure_ascii=False)}
            for name, value in policy.items()
        ],
        "count": plan["count"],
        "minutes": plan["minutes"],
        "until": plan["created_until"] or "any date",
        "held": plan["held"]["count"],
        "held_by": ", ".join(plan["held"]["by"]),
    }


def _rule(rule: Mapping[str, Any]) -> dict[str, object]:
    names = ("rule", "minutes", "archived", "archived_bytes")
    return {**{name: rule[name] for name in names}, "ends": _ends(rule["statuses"])}


def _chart(months: Mapping[str, int]) -> dict[str, object] | None:
    """Bars, one for each month, with a label where there is room; None where there are no months."""
    if not months:
        return None
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "label_y": _HEIGHT - 10,
        "most": max(months.values()),
        "bars": list(_bars(months)),
    }


def _bars(months: Mapping[str, int]) -> Iterator[dict[str, object]]:
    most, step = max(months.values()), _WIDTH / len(months)
    label_every = max(1, round(_LABEL / step))
    for index, (month, count) in enumerate(sorted(months.items())):
        height = (_HEIGHT - _TOP - _BOTTOM) * count / most
        x, y = index * step, _HEIGHT - _BOTTOM - height
        yield {
            "month": month,
            "count": count,
            "x": f"{x + step * 0.1:.1f}",
            "y": f"{y:.1f}",
            "width": f"{step * 0.8:.1f}",
            "height": f"{height:.1f}",
            "labelled": index % label_every == 0,
            "middle": f"{x + step / 2:.1f}",
            "count_y": f"{y - 5:.1f}",
        }
