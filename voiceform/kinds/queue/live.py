"""Queues as the account shows them, and as configuration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from voiceform.model.empty import EMPTY
from voiceform.model.names import identity, looks
from voiceform.model.progress import Progress, Silent
from voiceform.model.resource import Attributes, Live, alike
from voiceform.twilio.errors import NotFoundError
from voiceform.twilio.paging import Unreadable

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Queue

TASK = "reading queues"
_FEW = 8
_AT_ONCE = 8


class LiveQueues:
    """The queues of an account, found by SID or by name (unique in an account).

    Of the SIDs that were asked for, what is not in here is gone: Twilio itself answered so for that very SID.
    `unreadable` says which entries of the list could not be read.
    """

    def __init__(self, queues: Iterable[Live], unreadable: Unreadable | None = None) -> None:
        self.unreadable = unreadable or Unreadable()
        self.by_sid: dict[str, Live] = {queue.sid: queue for queue in queues}
        self.by_name: dict[str, Live] = {queue.name: queue for queue in self.by_sid.values()}

    @cached_property
    def by_identity(self) -> Mapping[str, Sequence[Live]]:
        """By name, where neither case nor Unicode form counts."""
        found: dict[str, list[Live]] = {}
        for queue in self.by_sid.values():
            found.setdefault(identity(queue.name), []).append(queue)
        return found

    @cached_property
    def by_looks(self) -> Mapping[str, Sequence[Live]]:
        """By what a name looks like (see voiceform.model.names)."""
        found: dict[str, list[Live]] = {}
        for queue in self.by_sid.values():
            for look in looks(queue.name):
                found.setdefault(look, []).append(queue)
        return found


def read_queues(
    client: Client,
    sids: Iterable[str | None] = (),
    progress: Progress | None = None,
    known: Mapping[str | None, Attributes] = EMPTY,
) -> LiveQueues:
    """All queues that the account lists (there is no filter), and those of `sids` that its list misses. What
    is as it is `known`, by its SID, is held once.

    Lists lag behind, lose rows that move while one pages, and come empty from caches; so what a list misses
    is asked for by its SID, and only Twilio's own 404 counts as gone. When more than a few are missing the
    list is read once more before that. Raises TwilioError for every answer that leaves open what there is.
    """
    progress = progress or Silent()
    progress.start(TASK)
    unreadable = Unreadable()
    found = _listed(client, progress, unreadable, known)
    missed = {sid for sid in sids if sid is not None and sid not in found}
    if len(missed) > _FEW:
        unreadable = Unreadable()
        found |= _listed(client, progress, unreadable, known)
        missed -= found.keys()
    with client.runtime.pool(_AT_ONCE) as pool:
        fetched = pool.map(lambda sid: fetch_queue(client, sid), sorted(missed))
        found.update((queue.sid, queue) for queue in fetched if queue is not None)
    progress.finish(TASK)
    return LiveQueues(found.values(), unreadable)


def _listed(
    client: Client, progress: Progress, unreadable: Unreadable, known: Mapping[str | None, Attributes]
) -> dict[str, Live]:
    found: dict[str, Live] = {}
    for queue in client.list_queues(unreadable=unreadable):
        found[queue.sid] = live_queue(queue, known.get(queue.sid, EMPTY))
        progress.advance(TASK)
    return found


def fetch_queue(client: Client, sid: str) -> Live | None:
    """One queue; None when Twilio itself says that there is none."""
    try:
        return live_queue(client.fetch_queue(sid))
    except NotFoundError:
        return None


def live_queue(queue: Queue, known: Attributes = EMPTY) -> Live:
    """What we compare of a queue, out of what is `known` of it, and what we only observe: sizes and waits
    move by the second."""
    attributes = alike({"friendly_name": queue.friendly_name, "max_size": queue.max_size}, known)
    return Live(
        sid=queue.sid,
        name=attributes["friendly_name"],
        attributes=attributes,
        observations={"current_size": queue.current_size, "average_wait_time": queue.average_wait_time},
    )
