"""Queues and who waits in them, on the wire."""

from __future__ import annotations

from voiceform.emulator.clock import SECOND
from voiceform.emulator.profiles import Resource
from voiceform.emulator.store import Row
from voiceform.emulator.world import World


def render(world: World, account: str, queue: Row) -> Resource:
    """The JSON object of a queue. The average wait is computed at the request where calls wait."""
    sid = queue["sid"]
    date = world.profile.date
    wait = queue["average_wait_time"]
    if queue["current_size"]:
        measured = world.store.one(
            "SELECT avg(? - enqueued) AS wait FROM calls WHERE queue_sid = ?", world.now, sid
        )
        if measured is not None and measured["wait"] is not None:
            wait = int(measured["wait"] / SECOND)
    return world.profile.resource(
        "queues",
        {
            "date_updated": date(queue["updated"]),
            "current_size": queue["current_size"],
            "friendly_name": queue["friendly_name"],
            "uri": f"/2010-04-01/Accounts/{account}/Queues/{sid}.json",
            "account_sid": account,
            "average_wait_time": wait,
            "sid": sid,
            "date_created": date(queue["created"]),
            "max_size": queue["max_size"],
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
