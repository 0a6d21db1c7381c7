"""What is going to happen: events in the store, each with the instant it is due.

Nothing runs in between. Whoever looks at the emulator first lets all that is due happen, in order and each at
its own instant (see ``telephony``), so that an hour on the clock and an hour of waiting are the same.
"""

from __future__ import annotations

from voiceform.emulator.store import Row
from voiceform.emulator.world import World


def schedule(world: World, delay: int, kind: str, sid: str, detail: str | None = None) -> None:
    """Something happens to a call or recording, ``delay`` microseconds from now."""
    due = world.now + delay
    world.store.insert("events", due=due, kind=kind, sid=sid, detail=detail)
    if world.next_due is None or due < world.next_due:
        world.next_due = due


def cancel(world: World, sid: str) -> None:
    """Nothing more happens to this object."""
    world.store.run("DELETE FROM events WHERE sid = ?", sid)


def take_due(world: World, now: int) -> Row | None:
    """Remove and return the earliest event that is due, or None; keeps ``world.next_due``."""
    if world.next_due is None or world.next_due > now:
        return None
    following = world.store.all("SELECT * FROM events ORDER BY due, seq LIMIT 2")
    if not following or following[0]["due"] > now:
        world.next_due = following[0]["due"] if following else None
        return None
    event = following[0]
    world.next_due = following[1]["due"] if len(following) > 1 else None
    world.store.run("DELETE FROM events WHERE seq = ?", event["seq"])
    return event
