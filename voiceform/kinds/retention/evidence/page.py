"""The summary as one HTML page that needs nothing else: no scripts, no fonts, no network."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

from voiceform.model.escape import visible
from voiceform.model.masking import redact_field, redact_text

_STYLE = """
:root { color-scheme: light dark; --bar: #b3261e; --line: #8884; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem; }
th, td { border-bottom: 1px solid var(--line); } td.number, th.number { text-align: right; }
code { overflow-wrap: anywhere; } svg { width: 100%; height: auto; } svg rect { fill: var(--bar); }
svg text { font: 11px system-ui, sans-serif; fill: currentColor; }
"""
_WIDTH, _HEIGHT, _TOP, _BOTTOM = 800, 220, 20, 30
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
    return "".join(_parts(summary))


def _parts(summary: Mapping[str, Any]) -> Iterator[str]:
    title = f"Retention run of {_text(summary['opened_at'])}"
    yield f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{title}</title>\n'
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    yield f"<style>{_STYLE}</style></head>\n<body>\n<h1>{title}</h1>\n"
    yield _table(
        (),
        [
            ("Account", _text(summary["account_sid"])),
            ("Run by", _text(summary["who"])),
            ("Approved with", _text(", ".join(summary["command"]) or "a person's answer, or a saved plan")),
            ("Began", _text(summary["opened_at"])),
            ("Ended", _text(summary["closed_at"])),
            ("Evidence", f"<code>{_text(summary['file'])}</code>, {summary['lines']:,} lines"),
            ("Last line", f"<code>{_text(summary['head'])}</code>"),
        ],
    )
    yield "<h2>What happened</h2>\n"
    totals = summary["totals"]
    rows = [(_text(_WORDS.get(name, name)), f"{count:,}") for name, count in totals.items()]
    yield _table(("How it ended", "Number"), rows) if rows else "<p>Nothing was due.</p>\n"
    yield from _policies(summary["rules"])
    yield from _rules(summary["rules"])
    if summary["months"]:
        yield "<h2>What is gone, by the month in which it was made</h2>\n"
        yield _chart(summary["months"])
    yield "<p>Check the lines: <code>voiceform prune verify DIR</code></p>\n</body>\n</html>\n"


def _policies(rules: list[Mapping[str, Any]]) -> Iterator[str]:
    """What was planned under each rule, and what holds kept from it."""
    planned = [rule for rule in rules if rule["planned"] is not None]
    if not planned:
        return
    yield "<h2>What was planned</h2>\n"
    rows = []
    for rule in planned:
        plan, held = rule["planned"], rule["planned"]["held"]
        policy = ", ".join(
            f"{_text(name)}: {_text(json.dumps(redact_field(name, value), ensure_ascii=False))}"
            for name, value in rule["policy"].items()
        )
        by = f" ({_text(', '.join(held['by']))})" if held["by"] else ""
        until = _text(plan["created_until"]) or "any date"
        rows.append(
            (
                f"<code>{_text(rule['rule'])}</code>",
                policy,
                f"{plan['count']:,} ({plan['minutes']:,} minutes), made up to {until}",
                f"{held['count']:,}{by}",
            )
        )
    yield _table(("Rule", "Policy", "Planned", "Kept by holds"), rows)


def _rules(rules: list[Mapping[str, Any]]) -> Iterator[str]:
    if not rules:
        return
    yield "<h2>By rule</h2>\n"
    rows = []
    for rule in rules:
        ended = ", ".join(
            f"{count:,} {_text(_WORDS.get(name, name))}" for name, count in rule["statuses"].items()
        )
        archived = f"{rule['archived']:,} ({rule['archived_bytes']:,} bytes)" if rule["archived"] else "none"
        rows.append((f"<code>{_text(rule['rule'])}</code>", ended, f"{rule['minutes']:,}", archived))
    yield _table(("Rule", "How it ended", "Minutes gone", "Archived"), rows)


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    cells = "".join(f"<th>{name}</th>" for name in head)
    first = f"<tr>{cells}</tr>\n" if head else ""
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>\n" for row in rows)
    return f"<table>\n{first}{body}</table>\n"


def _chart(months: Mapping[str, int]) -> str:
    """Bars, one per month; their figures stand in the titles and, where there is room, above them."""
    most = max(months.values())
    step = _WIDTH / len(months)
    label_every = max(1, round(60 / step))
    bars = []
    for index, (month, count) in enumerate(sorted(months.items())):
        height = (_HEIGHT - _TOP - _BOTTOM) * count / most
        x, y = index * step, _HEIGHT - _BOTTOM - height
        bars.append(
            f'<rect x="{x + step * 0.1:.1f}" y="{y:.1f}" width="{step * 0.8:.1f}" height="{height:.1f}">'
            f"<title>{_text(month)}: {count:,}</title></rect>"
        )
        if index % label_every == 0:
            middle = f'x="{x + step / 2:.1f}" text-anchor="middle"'
            bars.append(f'<text {middle} y="{y - 5:.1f}">{count:,}</text>')
            bars.append(f'<text {middle} y="{_HEIGHT - 10}">{_text(month)}</text>')
    described = f"Bars for {len(months)} months, the highest {most:,}"
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{described}">{"".join(bars)}</svg>\n'
    )


def _text(value: object) -> str:
    """A value as people may see it: without secrets, its numbers masked, nothing hidden in it."""
    return escape("" if value is None else visible(redact_text(str(value))))
