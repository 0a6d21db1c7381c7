"""Queues and who waits in them, on the wire."""

from __future__ import annotations

from voiceform.emulator.clock import SECOND
from voiceform.emulator.profiles import Resource
from voiceform.emulator.store import Row
from voiceform.emulator.world import World


def render(world: World, account: str, queue: Row) -> Resource:
    """The JSON object of a queue. The average wait is computed at the request where calls wait."""
    # In the order of the table: by its name a column costs three times what it does by its place.
    _, sid, _, created, updated, name, max_size, current_size, wait = queue
    date = world.profile.date
    if current_size:
        measured = world.store.one(
            "SELECT avg(? - enqueued) AS wait FROM calls WHERE queue_sid = ?", world.now, sid
        )
        if measured is not None and measured["wait"] is not None:
            wait = int(measured["wait"] / SECOND)
    made = date(created)
    return world.profile.resource(
        "queues",
        {
            "date_updated": made if updated == created else date(updated),
            "current_size": current_size,
            "friendly_name": name,
            "uri": f"/2010-04-01/Accounts/{account}/Queues/{sid}.json",
            "account_sid": account,
            "average_wait_time": wait,
            "sid": sid,
            "date_created": made,
            "max_size": max_size,
        },
    )


def render_member(world: World, account: str, call: Row) -> Resource:
    """The JSON object of a call that waits; `position` counts from 1, `wait_time` is in seconds."""
    queue = call["queue_sid"]
    before = world.store.one(
        "SELECT count(*) AS many FROM calls WHERE queue_sid = ? AND (enqueued, seq) < (?, ?)",
        queue,
        call["enqueued"],
        call["seq"],
    )
    return world.profile.resource(
        "queue_members",
        {
            "queue_sid": queue,
            "call_sid": call["sid"],
            "date_enqueued": world.profile.date(call["enqueued"]),
            "position": 1 + (before["many"] if before is not None else 0),
            "uri": f"/2010-04-01/Accounts/{account}/Queues/{queue}/Members/{call['sid']}.json",
            "wait_time": (world.now - call["enqueued"]) // SECOND,
        },
    )
