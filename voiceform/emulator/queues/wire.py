"""Queues and who waits in them, on the wire."""

from __future__ import annotations

from voiceform.emulator.clock import SECOND
from voiceform.emulator.profiles import Fields, Resource
from voiceform.emulator.store import Columns
from voiceform.emulator.world import World


class Queue(Resource, gc=False):
    """The JSON object of a queue."""

    date_updated: str
    current_size: int
    friendly_name: str
    uri: str
    account_sid: str
    average_wait_time: int
    sid: str
    date_created: str
    max_size: int


class Member(Resource, gc=False):
    """The JSON object of a call that waits; `position` counts from 1, `wait_time` is in seconds."""

    queue_sid: str
    call_sid: str
    date_enqueued: str
    position: int
    uri: str
    wait_time: int


def render(world: World, account: str, queue: Columns) -> Resource | Fields:
    """A queue. The average wait is computed at the request where calls wait."""
    _, sid, _, created, updated, name, max_size, current_size, wait = queue
    profile = world.profile
    if current_size:
        wait = average_wait(world, sid, wait)
    made = profile.date(created)
    return profile.resource(
        "queues",
        Queue(
            made if updated == created else profile.date(updated),
            current_size,
            name,
            f"/2010-04-01/Accounts/{account}/Queues/{sid}.json",
            account,
            wait,
            sid,
            made,
            max_size,
        ),
    )


def average_wait(world: World, sid: str, otherwise: int) -> int:
    """The seconds that those who wait in a queue have waited, on the average; `otherwise` if nobody does."""
    measured = world.store.one(
        "SELECT avg(? - enqueued) AS wait FROM calls WHERE queue_sid = ?", world.now, sid
    )
    if measured is None or measured["wait"] is None:
        return otherwise
    return int(measured["wait"] / SECOND)


def render_member(world: World, account: str, call: Columns) -> Resource | Fields:
    """A call that waits, by its `rules.MEMBER`."""
    seq, sid, queue, enqueued = call
    before = world.store.one(
        "SELECT count(*) AS many FROM calls WHERE queue_sid = ? AND (enqueued, seq) < (?, ?)",
        queue,
        enqueued,
        seq,
    )
    return world.profile.resource(
        "queue_members",
        Member(
            queue_sid=queue,
            call_sid=sid,
            date_enqueued=world.profile.date(enqueued),
            position=1 + (before["many"] if before is not None else 0),
            uri=f"/2010-04-01/Accounts/{account}/Queues/{queue}/Members/{sid}.json",
            wait_time=(world.now - enqueued) // SECOND,
        ),
    )
