"""What is declared in a universe: three configurations, of which people apply one after another."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

DUE = tuple(f"RE{number:032x}" for number in range(1, 21))
YOUNG = tuple(f"RE{number:032x}" for number in range(101, 103))
HELD = f"RE{201:032x}"
"""By a hold that is declared."""

ANNA, BEN, CARO, DORA, EMIL, FINN, GINA = (f"+1212555{number:04d}" for number in range(111, 118))
ELSEWHERE = f"sip:{DORA}@pbx.example.com"
"""Another address of one of them."""
LISTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "a": (ANNA, BEN, CARO, DORA, EMIL),
        "b": (EMIL, ANNA, ELSEWHERE, FINN),
        "c": (ANNA, CARO, FINN, GINA, DORA),
    }
)
"""Whom the campaign calls: the list shrinks, grows and is put in another order, and an address changes."""
CAMPAIGN = frozenset(to for people in LISTS.values() for to in people)
LEDGER = "call.campaign"
"""The ledger of the campaign, also once it is called otherwise."""
OCCURRENCE = datetime(2026, 6, 1, 12, 0, 30, tzinfo=UTC)
FIRST, THEN, SETTLE, STOP = 2, 3, 40, "60%"
DELAY = 30
"""Seconds from the end of a call that found a busy line to the second attempt."""

_CONFIGURATION = """\
version: 1
safety: {{max_deletes: 100, max_delete_percent: 100, max_calls: 100, max_recording_deletes: 100}}
contact_limits: [{{name: a-day, max: 1, per: day, purpose: care}}]
queues:
{queues}
calls:
  reminder:
    to: ["+12125550101", "+12125550102", "+12125550103"]
    from: "+15017122661"
    purpose: care
    schedule: {{at: 2026-06-01T12:00:40, timezone: UTC}}
    misfire_grace: 10m
    answer: {{say: Hello}}
    pace: 2
  survey:
    to: ["+12125550103", "+12125550104"]
    from: "+15017122661"
    purpose: care
    schedule: {{at: 2026-06-01T12:00:50, timezone: UTC}}
    misfire_grace: 10m
    answer: {{say: Good day}}
    pace: 2
  {campaign}
    to: [{people}]
    from: "+15017122662"
    schedule: {{at: 2026-06-01T12:00:30, timezone: UTC}}
    misfire_grace: 10m
    answer: {{say: Hello}}
    timeout: 20
    pace: 0.1
    retry: {{attempts: 2, delay: {delay}s, on: [busy]}}
    waves: {{first: {first}, then: {then}, settle: {settle}s, stop: {{busy: {stop}}}}}
prune: {{per_second: 2, timezone: UTC}}
retention:
  recordings: [{{name: all, keep: 30d}}]
  holds:
    case: {{reason: a dispute, match: {{recording_sid: [{held}]}}}}
"""
_QUEUES = {
    "a": "  support: {max_size: 100}\n  sales: {max_size: 50}",
    "b": "  support: {max_size: 200}\n  sales: {max_size: 50}\n  billing: {max_size: 10}",
    "c": "  support: {max_size: 300}\n  billing: {max_size: 20}",
}
_NAMED = {
    "a": "campaign:\n    aliases: [outreach]",
    "b": "campaign:\n    aliases: [outreach]",
    "c": "outreach:\n    aliases: [campaign]",
}


def write_configurations(folder: Path) -> None:
    """The files that all universes read."""
    for name, queues in _QUEUES.items():
        text = _CONFIGURATION.format(
            queues=queues,
            campaign=_NAMED[name],
            people=", ".join(f'"{to}"' for to in LISTS[name]),
            first=FIRST,
            then=THEN,
            settle=SETTLE,
            stop=STOP,
            delay=DELAY,
            held=HELD,
        )
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
