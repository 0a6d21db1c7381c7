"""Bulk data: hundreds of thousands of objects in seconds, for tests of scale."""

# ruff: noqa: S608 - only names of our own tables and columns are put into SQL; values are always bound.

from __future__ import annotations

from collections.abc import Callable, Iterator

from voiceform.emulator.clock import DAY, SECOND
from voiceform.emulator.control.fields import Fields
from voiceform.emulator.errors import ControlError
from voiceform.emulator.world import World

Rows = Iterator[tuple[object, ...]]

SOURCES = ("OutboundAPI", "Conference", "DialVerb", "RecordVerb", "StartCallRecordingAPI")


def generate(world: World, account: str, fields: Fields) -> dict[str, int]:
    """``{queues: {count}, calls: {count, start, end}, recordings: {count, start, end}}``; how many of each
    were made.

    Calls and recordings are finished ones, spread evenly from ``start`` to ``end`` (default: the last 90
    days).
    """
    made: dict[str, int] = {}
    for kind, (statement, rows) in _KINDS.items():
        wanted = fields.nested(kind)
        if wanted is None:
            continue
        count = wanted.count("count", 0)
        start, end = wanted.instant("start"), wanted.instant("end")
        end = world.now if end is None else end
        start = end - 90 * DAY if start is None else start
        if start > end:
            raise ControlError(f"{wanted.where}: start is after end")
        world.store.many(statement, rows(world, account, count, start, end))
        made[kind] = count
    return made


def _spread(count: int, start: int, end: int) -> Iterator[int]:
    step = (end - start) / max(count, 1)
    return (start + int(index * step) for index in range(count))


def _queues(world: World, account: str, count: int, start: int, end: int) -> Rows:
    last = world.store.one("SELECT coalesce(max(seq), 0) AS seq FROM queues")
    first = (last["seq"] if last else 0) + 1
    for index, created in enumerate(_spread(count, start, end)):
        yield world.sid("QU"), account, created, created, f"generated-{first + index:06d}", 1000


def _number(world: World) -> str:
    # 555-0100 to 555-0199 are reserved for fiction; the area code varies.
    return f"+1{world.random.randrange(201, 990)}55501{world.random.randrange(100):02d}"


def _calls(world: World, account: str, count: int, start: int, end: int) -> Rows:
    for created in _spread(count, start, end):
        duration = world.random.randrange(1, 900)
        ended = created + (5 + duration) * SECOND
        price = f"-{-(-duration // 60) * 0.014:.5f}"
        yield (world.sid("CA"), account, created, ended, _number(world), _number(world), "completed",
               created + 5 * SECOND, ended, duration, price)  # fmt: skip


def _recordings(world: World, account: str, count: int, start: int, end: int) -> Rows:
    random = world.random
    for created in _spread(count, start, end):
        duration = random.randrange(1, 900)
        source = SOURCES[random.randrange(len(SOURCES))]
        conference = world.sid("CF") if source == "Conference" else None
        price = f"-{-(-duration // 60) * 0.0025:.5f}"
        yield (world.sid("RE"), account, created, created + duration * SECOND, world.sid("CA"), conference,
               "completed", source, duration, price, created)  # fmt: skip


def _insert(table: str, columns: str) -> str:
    return f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(columns.split(',')))})"


_KINDS: dict[str, tuple[str, Callable[[World, str, int, int, int], Rows]]] = {
    "queues": (_insert("queues", "sid, account, created, updated, friendly_name, max_size"), _queues),
    "calls": (
        _insert(
            "calls",
            "sid, account, created, updated, to_number, from_number, status, start_time, end_time, duration, "
            "price",
        ),
        _calls,
    ),
    "recordings": (
        _insert(
            "recordings",
            "sid, account, created, updated, call_sid, conference_sid, status, source, duration, price, "
            "start_time",
        ),
        _recordings,
    ),
}
