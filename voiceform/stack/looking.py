"""What is going on in the account at this moment; only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voiceform.model.errors import UsageError

if TYPE_CHECKING:
    from voiceform.kinds.conference.rooms import RoomsNow
    from voiceform.kinds.queue.waiting import QueueNow, QueuesNow
    from voiceform.stack.parts import Parts
    from voiceform.twilio.resources import QueueMember


def queues(parts: Parts, name: str | None) -> QueuesNow:
    """The queues, or those that `name` means."""
    from voiceform.kinds.queue.waiting import QueuesNow, named, queues_now

    with parts.opened_store() as store, parts.reader(parts.account()) as client:
        found = queues_now(client, parts.resources(store))
    if name is None:
        return found
    chosen = named(found.queues, name)
    if not chosen:
        raise _nothing("queue", name, [queue.name for queue in found.queues])
    return QueuesNow(tuple(chosen), found.unreadable)


def members(parts: Parts, name: str) -> tuple[QueueNow, tuple[QueueMember, ...]]:
    """The one queue that `name` means, and the calls that wait in it."""
    from voiceform.kinds.queue.waiting import members as waiting

    found = queues(parts, name).queues
    if len(found) > 1:
        raise UsageError(
            f"{len(found)} queues are called {name!r}",
            hint="say which by its SID: " + ", ".join(queue.sid for queue in found),
        )
    with parts.reader(parts.account()) as client:
        return found[0], waiting(client, found[0].sid)


def rooms(parts: Parts, name: str | None) -> RoomsNow:
    """The live rooms, or those that `name` means."""
    from voiceform.kinds.conference.rooms import named, rooms_now

    with parts.opened_store() as store, parts.reader(parts.account()) as client:
        found = rooms_now(client, parts.resources(store))
    if name is None:
        return found
    chosen = named(found, name)
    if not chosen.rooms:
        raise _nothing("live room", name, [now.room.name for now in found.rooms])
    return chosen


def _nothing(what: str, name: str, there: list[str]) -> UsageError:
    from difflib import get_close_matches

    near = get_close_matches(name, there, n=1)
    hint = f"did you mean {near[0]!r}?" if near else "an address, a key, a friendly name or a SID will do"
    return UsageError(f"the account has no {what} {name!r}", hint=hint)
