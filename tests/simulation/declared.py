"""What is declared in a universe: three configurations, of which people apply one after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.simulation.runtime import BEGINNING
from tests.support import ACCOUNT

DUE = tuple(f"RE{number:032x}" for number in range(1, 21))
YOUNG = tuple(f"RE{number:032x}" for number in range(101, 103))
HELD = f"RE{201:032x}"
"""By a hold that is declared."""
HANS = "+12125550131"
"""Somebody of former days, of whom the account has calls and recordings; nobody calls him."""
OF_HANS = {f"CA{number:032x}": f"RE{number:032x}" for number in (301, 302)}
"""His calls and their recordings, of which the second is held."""
KEPT_OF_HANS = tuple(OF_HANS.items())[1]

ROOM = ("+12125550141", "+12125550142")
"""Who is to be in the room that is live: the second one once more than the first configuration is applied."""

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
ROUNDS = ("+12125550121", "+12125550122")
IDA = "+12125550123"
"""Who is called each minute, and somebody who is so until the last configuration; as many times as this:"""
TIMES, GRACE = 4, 35
REMINDED = ("+12125550101", "+12125550102", "+12125550103")
SURVEYED = ("+12125550103", "+12125550104")
CALLED = CAMPAIGN.union(ROUNDS, (IDA,), REMINDED, SURVEYED)
"""Whom schedules call."""

_CONFIGURATION = """\
version: 1
safety: {{max_deletes: 100, max_delete_percent: 100, max_calls: 100, max_recording_deletes: 100}}
contact_limits: [{{name: a-day, max: 1, per: day, purpose: care}}]
queues:
{queues}
calls:
  reminder:
    to: [{reminded}]
    from: "+15017122661"
    purpose: care
    schedule: {{at: 2026-06-01T12:00:40, timezone: UTC}}
    misfire_grace: 10m
    answer: {{say: Hello}}
    pace: 2
  survey:
    to: [{surveyed}]
    from: "+15017122661"
    purpose: care
    schedule: {{at: 2026-06-01T12:00:41, timezone: UTC}}
    misfire_grace: 10m
    answer: {{say: Good day}}
    pace: 2
  rounds:
    to: [{rounds}]
    from: "+15017122663"
    schedule: {{cron: "* * * * *", start: 2026-06-01T12:00:30, end: 2026-06-01T12:04:00, timezone: UTC}}
    misfire_grace: {grace}s
    answer: {{say: Good evening}}
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
conferences:
  standup:
    participants: {{{participants}}}
    announce: {{url: "https://example.com/notice.xml", method: GET}}
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


def history() -> dict[str, Any]:
    """A seed for the account: what there was before."""
    ages = {sid: 5 if sid in YOUNG else 60 for sid in (*DUE, *YOUNG, HELD)}
    dates = {days: (BEGINNING - timedelta(days=days)).isoformat() for days in (5, 60)}
    recordings = [
        {"sid": sid, "call_sid": sid.replace("RE", "CA"), "date_created": dates[days]}
        for sid, days in ages.items()
    ]
    calls = []
    for call, recording in OF_HANS.items():
        calls.append({"sid": call, "to": HANS, "from": "+15017122661", "date_created": dates[5]})
        recordings.append({"sid": recording, "call_sid": call, "date_created": dates[5]})
    rooms = [{"friendly_name": "standup", "participants": [{}, {}]}]
    return {"account_sid": ACCOUNT, "calls": calls, "recordings": recordings, "conferences": rooms}


def _quoted(people: Iterable[str]) -> str:
    return ", ".join(f'"{to}"' for to in people)


def _participant(to: str) -> str:
    return f'of-{to[-3:]}: {{to: "{to}", from: "+15017122661"}}'


def write_configurations(folder: Path) -> None:
    """The files that all universes read."""
    for name, queues in _QUEUES.items():
        text = _CONFIGURATION.format(
            queues=queues,
            campaign=_NAMED[name],
            reminded=_quoted(REMINDED),
            surveyed=_quoted(SURVEYED),
            rounds=_quoted(ROUNDS if name == "c" else (*ROUNDS, IDA)),
            people=_quoted(LISTS[name]),
            first=FIRST,
            then=THEN,
            settle=SETTLE,
            stop=STOP,
            delay=DELAY,
            held=f"{HELD}, {KEPT_OF_HANS[1]}",
            grace=GRACE,
            participants=", ".join(_participant(to) for to in ROOM[: 1 if name == "a" else 2]),
        )
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
