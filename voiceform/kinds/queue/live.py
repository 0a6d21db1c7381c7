"""Queues as the account shows them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from voiceform.model.progress import Progress, Silent
from voiceform.model.resource import Live

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Queue

TASK = "reading queues"


class LiveQueues:
    """The queues of an account, found by SID or by name (unique in an account)."""

    def __init__(self, queues: Iterable[Live]) -> None:
        self.by_sid: dict[str, Live] = {queue.sid: queue for queue in queues}
        self.by_name: dict[str, Live] = {queue.name: queue for queue in self.by_sid.values()}


def read_queues(client: Client, progress: Progress | None = None) -> LiveQueues:
    """List all queues (listQueues has no filter)."""
    progress = progress or Silent()
    progress.start(TASK)
    found: list[Live] = []
    for queue in client.list_queues():
        found.append(live_queue(queue))
        progress.advance(TASK)
    progress.finish(TASK)
    return LiveQueues(found)


def live_queue(queue: Queue) -> Live:
    """What we compare of a queue, and what we only observe: sizes and waits move by the second."""
    return Live(
        sid=queue.sid,
        name=queue.friendly_name,
        attributes={"friendly_name": queue.friendly_name, "max_size": queue.max_size},
        observations={"current_size": queue.current_size, "average_wait_time": queue.average_wait_time},
    )
