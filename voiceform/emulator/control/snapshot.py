"""What the inspector page shows, as one bounded JSON document: the newest of everything, with totals."""

# ruff: noqa: S608 - only names of our own tables and columns are put into SQL; values are always bound.

from __future__ import annotations

import hashlib
from heapq import nlargest
from itertools import islice

from voiceform.emulator.clock import SECOND, iso
from voiceform.emulator.faults import Faults
from voiceform.emulator.gate import Throttle
from voiceform.emulator.journal import Journal
from voiceform.emulator.queues.wire import average_wait
from voiceform.emulator.store import Row
from voiceform.emulator.telephony import settle
from voiceform.emulator.world import World

Document = dict[str, object]

#: How many of each kind are shown, and of a request's parameters how many characters.
NEWEST = 60
REQUESTS = 200
PARTICIPANTS = 30
PARAMETERS = 40
TEXT = 400

_ORDER = {"queues": "created", "conferences": "created", "calls": "updated", "recordings": "created"}


def snapshot(
    world: World, journal: Journal, faults: Faults, throttle: Throttle, have: str | None
) -> Document:
    """``{version, clock, ...}``; where nothing has changed since version ``have``, no more than these two.

    With many objects the whole costs milliseconds, so a page that asks every second must not pay for it while
    nothing happens.
    """
    settle(world)
    version = _version(world, journal, faults)
    head: Document = {"version": version, "clock": _clock(world)}
    if have == version:
        return head
    return head | {
        "profile": world.profile.name,
        "account": world.settings.account or None,
        "totals": {table: _count(world, table) for table in (*_ORDER, "participants")},
        "queues": [_queue(world, row) for row in _newest(world, "queues")],
        "conferences": [_conference(world, row) for row in _newest(world, "conferences")],
        "calls": [_call(row) for row in _newest(world, "calls")],
        "recordings": [_recording(row) for row in _newest(world, "recordings")],
        "requests": _requests(journal),
        "faults": faults.documents(),
        "stats": {
            "requests": journal.requests,
            "max_in_flight": throttle.highest,
            "throttled": throttle.refused,
        },
    }


def _version(world: World, journal: Journal, faults: Faults) -> str:
    """Differs whenever the rest of the document may differ: rows, requests and their answers, faults, and
    the minute, because waiting times grow by themselves.
    """
    changes = world.store.one("SELECT total_changes() AS n")
    statuses = [entry.status for entry in islice(reversed(journal.entries), REQUESTS)]
    rows = changes["n"] if changes else 0
    told = (rows, journal.requests, statuses, faults.documents(), world.now // (60 * SECOND))
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _clock(world: World) -> Document:
    return {"now": iso(world.now), "frozen": world.clock.frozen}


def _count(world: World, table: str) -> int:
    row = world.store.one(f"SELECT count(*) AS n FROM {table}")
    return int(row["n"]) if row else 0


def _newest(world: World, table: str) -> list[Row]:
    """Of all accounts: of each as many as are shown, by an index, and of those the newest."""
    order, store = _ORDER[table], world.store
    newest = f"SELECT {order}, seq FROM {table} WHERE account = ? ORDER BY {order} DESC, seq DESC LIMIT ?"
    found = (tuple(row) for each in store.accounts(table) for row in store.all(newest, each, NEWEST))
    rows = (store.one(f"SELECT * FROM {table} WHERE seq = ?", seq) for _, seq in nlargest(NEWEST, found))
    return [row for row in rows if row is not None]


def _queue(world: World, row: Row) -> Document:
    shown = {name: row[name] for name in ("sid", "friendly_name", "current_size", "max_size")}
    shown["average_wait_time"] = average_wait(world, row["sid"], row["average_wait_time"])
    return shown | {"created": iso(row["created"])}


def _conference(world: World, row: Row) -> Document:
    people = world.store.all(
        "SELECT p.*, c.to_number, c.direction, c.from_number FROM participants p "
        "LEFT JOIN calls c ON c.sid = p.call_sid WHERE p.conference_sid = ? "
        "ORDER BY p.created, p.seq LIMIT ?",
        row["sid"],
        PARTICIPANTS,
    )
    total = world.store.one("SELECT count(*) AS n FROM participants WHERE conference_sid = ?", row["sid"])
    return {
        **{name: row[name] for name in ("sid", "friendly_name", "status", "region", "reason")},
        "created": iso(row["created"]),
        "participants": [_participant(person) for person in people],
        "participants_total": total["n"] if total else 0,
    }


def _participant(row: Row) -> Document:
    number = row["from_number"] if row["direction"] == "inbound" else row["to_number"]
    flags = ("muted", "hold", "coaching", "end_on_exit")
    return {
        "call_sid": row["call_sid"],
        "label": row["label"],
        "number": number,
        "status": row["status"],
        **{name: bool(row[name]) for name in flags},
    }


def _call(row: Row) -> Document:
    return {
        **{name: row[name] for name in ("sid", "status", "direction", "duration", "price", "answered_by")},
        "to": row["to_number"],
        "from": row["from_number"],
        "created": iso(row["created"]),
    }


def _recording(row: Row) -> Document:
    names = ("sid", "status", "source", "duration", "channels", "call_sid", "conference_sid")
    return {**{name: row[name] for name in names}, "created": iso(row["created"])}


def _requests(journal: Journal) -> list[Document]:
    """The newest requests, newest first, numbered from the first one since the log was emptied."""
    newest = islice(reversed(journal.entries), REQUESTS)
    return [
        {**entry.document(), "path": _short(entry.path), "params": _parameters(entry.params)}
        | {"number": journal.requests - index}
        for index, entry in enumerate(newest)
    ]


def _parameters(params: dict[str, object]) -> list[list[str]]:
    """Name and value of each parameter, of a repeated one once for each value."""
    pairs = [
        [_short(name), _short(str(value))]
        for name, values in params.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    left = len(pairs) - PARAMETERS
    return pairs if left <= 0 else [*pairs[:PARAMETERS], ["…", f"{left} more"]]


def _short(text: str) -> str:
    return text if len(text) <= TEXT else f"{text[:TEXT]}… ({len(text)} characters)"
