"""What is going on in the account at this moment; only reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voiceform.model.errors import UsageError, VoiceformError

if TYPE_CHECKING:
    from voiceform.kinds.conference.rooms import RoomsNow
    from voiceform.kinds.queue.waiting import QueueNow, QueuesNow
    from voiceform.stack.parts import Parts
    from voiceform.state.backend import Backend
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import QueueMember


def queues(parts: Parts, name: str | None) -> QueuesNow:
    """The queues, or those that `name` means; only these are asked how long calls have waited."""
    from dataclasses import replace

    from voiceform.kinds.queue.waiting import with_longest_waits

    with parts.opened_store() as store, parts.reader(parts.account()) as client:
        found = _listed_queues(client, store, parts, name)
        return replace(found, queues=with_longest_waits(client, found.queues))


def members(parts: Parts, name: str) -> tuple[QueueNow, tuple[QueueMember, ...]]:
    """The one queue that `name` means, and the calls that wait in it."""
    from dataclasses import replace

    from voiceform.kinds.queue.waiting import members as waiting

    with parts.opened_store() as store, parts.reader(parts.account()) as client:
        found = _listed_queues(client, store, parts, name).queues
        if len(found) > 1:
            raise UsageError(
                f"{len(found)} queues are called {name!r}",
                hint="say which by its SID: " + ", ".join(queue.sid for queue in found),
            )
        people = waiting(client, found[0].sid)
    return replace(found[0], longest_wait=people[0].wait_time if people else None), people


def rooms(parts: Parts, name: str | None) -> RoomsNow:
    """The live rooms, or those that `name` means; only these are asked who is in them."""
    from voiceform.kinds.conference.rooms import RoomsNow, listed_rooms, rooms_meant, with_people

    with parts.opened_store() as store, parts.reader(parts.account()) as client:
        found, unreadable = listed_rooms(client, parts.resources(store))
        chosen = found if name is None else rooms_meant(found, name)
        if name is not None and not chosen:
            raise _nothing("live room", name, [room.conference.friendly_name for room in found], unreadable)
        return RoomsNow(with_people(client, chosen), unreadable)


def _listed_queues(client: Client, store: Backend, parts: Parts, name: str | None) -> QueuesNow:
    from voiceform.kinds.queue.waiting import QueuesNow, listed_queues, queues_meant

    found = listed_queues(client, parts.resources(store))
    if name is None:
        return found
    chosen = queues_meant(found.queues, name)
    if not chosen:
        raise _nothing("queue", name, [queue.name for queue in found.queues], found.unreadable)
    return QueuesNow(chosen, found.unreadable)


def _nothing(what: str, name: str, there: list[str], unreadable: int) -> VoiceformError:
    """The error where none is meant; what cannot be read may be it."""
    from difflib import get_close_matches

    near = get_close_matches(name, there, n=1)
    if unreadable and not near:
        return VoiceformError(
            f"no {what} that can be read is {name!r}, and {unreadable} of the account's cannot be",
            hint="run again, or look in the Twilio console: it may be one of them",
        )
    hint = f"did you mean {near[0]!r}?" if near else "an address, a key, a friendly name or a SID will do"
    return UsageError(f"the account has no {what} {name!r}", hint=hint)
