"""Who waits in the queues of an account at this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from voiceform.model.address import Address
from voiceform.model.resource import Recorded
from voiceform.twilio.errors import NotFoundError
from voiceform.twilio.paging import Unreadable

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import QueueMember

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class QueueNow:
    """A queue at one moment. Waits are in seconds; what the API does not say is None.

    `address` is that of the queue in the recorded state, None for one that is not managed. `longest_wait` is
    that of the call at the front.
    """

    sid: str
    name: str
    address: Address | None
    waiting: int | None
    size: int | None
    average_wait: int | None
    longest_wait: int | None


@dataclass(frozen=True, slots=True)
class QueuesNow:
    """The queues of an account, the fullest first; `unreadable` of its entries cannot be read."""

    queues: tuple[QueueNow, ...]
    unreadable: int = 0


def listed_queues(client: Client, recorded: Mapping[Address, Recorded]) -> QueuesNow:
    """Every queue that the account lists; how long calls at the front have waited nobody has asked yet.
    TwilioError."""
    lost = Unreadable()
    listed = {queue.sid: queue for queue in client.list_queues(unreadable=lost)}
    owners = {record.sid: address for address, record in recorded.items()}
    found = [
        QueueNow(
            queue.sid,
            queue.friendly_name,
            owners.get(queue.sid),
            queue.current_size,
            queue.max_size,
            queue.average_wait_time,
            None,
        )
        for queue in listed.values()
    ]
    return QueuesNow(tuple(sorted(found, key=lambda queue: (-(queue.waiting or 0), queue.name))), lost.count)


def queues_meant(queues: Sequence[QueueNow], text: str) -> tuple[QueueNow, ...]:
    """The queues that a person means by an address, a key, a SID or a friendly name; several can have a name
    that differs by case alone, and then only the very name is meant."""
    for means in (
        lambda queue: text in (str(queue.address), queue.sid, queue.name),
        lambda queue: queue.address is not None and queue.address.name == text,
        lambda queue: queue.name.casefold() == text.casefold(),
    ):
        found = tuple(queue for queue in queues if means(queue))
        if found:
            return found
    return ()


def with_longest_waits(client: Client, queues: Sequence[QueueNow]) -> tuple[QueueNow, ...]:
    """These queues, with how long the call at the front of each has waited. TwilioError."""
    with client.runtime.pool(_AT_ONCE) as pool:
        waits = pool.map(lambda queue: _longest_wait(client, queue), queues)
        return tuple(
            replace(queue, longest_wait=longest) for queue, longest in zip(queues, waits, strict=True)
        )


def members(client: Client, sid: str) -> tuple[QueueMember, ...]:
    """The calls that wait in a queue, the front first, each once: while the list is read it moves."""
    found: dict[str, QueueMember] = {}
    for member in client.list_members(sid):
        found.setdefault(member.sid, member)
    return tuple(found.values())


def _longest_wait(client: Client, queue: QueueNow) -> int | None:
    if not queue.waiting:
        return None
    try:
        front = next(iter(client.list_members(queue.sid, page_size=1)), None)
    except NotFoundError:  # it was deleted meanwhile
        return None
    return None if front is None else front.wait_time
