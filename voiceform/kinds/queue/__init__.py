"""Queues: the one kind of the Voice API that is created, updated and deleted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from voiceform.kinds.kind import Kind, ParseContext
from voiceform.model.address import Address
from voiceform.model.resource import Desired, Live, Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from voiceform.kinds.base import CompareContext, Comparison, Done, RefreshContext, Session
    from voiceform.kinds.queue.live import LiveQueues
    from voiceform.model.exported import Export
    from voiceform.model.plan import Change
    from voiceform.model.scopes import Scope
    from voiceform.model.store import DocumentReader
    from voiceform.twilio.client import Client


class QueueKind(Kind["LiveQueues"]):
    """Queues of callers, identified in the account by SID and by their unique friendly name."""

    name = "queue"
    section = "queues"
    rank = 10
    local_findings = frozenset({"queue-name-space"})
    answers = True

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Queues that are deleted."""
        from voiceform.kinds.queue.compare import DELETION

        return (DELETION,)

    def parse(self, section: Any, context: ParseContext) -> list[Desired]:  # noqa: ANN401 - YAML value
        """See kinds.queue.parse."""
        from voiceform.kinds.queue.parse import parse

        return parse(section, context)

    def refresh(self, context: RefreshContext) -> LiveQueues:
        """See kinds.queue.live: what is recorded is there unless Twilio says for its SID that it is not."""
        from voiceform.kinds.queue.live import read_queues

        known = {record.sid: record.attributes for record in context.recorded.values()}
        return read_queues(context.client, known, context.progress, known)

    def compare(self, context: CompareContext, live: LiveQueues) -> Comparison:
        """See kinds.queue.compare."""
        from voiceform.kinds.queue.compare import compare

        return compare(context, live)

    def assume_applied(
        self, base: Sequence[Desired], head: Sequence[Desired]
    ) -> tuple[Mapping[Address, Recorded], LiveQueues]:
        """Live queues with stand-in SIDs, as applying `base` to an empty account would make them."""
        from voiceform.kinds.queue.live import LiveQueues

        recorded: dict[Address, Recorded] = {}
        live: list[Live] = []
        for number, desired in enumerate(base):
            sid = f"QU{number:032x}"
            recorded[desired.address] = Recorded(desired.address, sid, desired.attributes, desired.protect)
            live.append(Live(sid, desired.attributes["friendly_name"], desired.attributes))
        return recorded, LiveQueues(live)

    def answer(self, desired: Desired) -> str:
        """The document that puts a caller into the queue."""
        from voiceform.kinds.twiml import document, element

        return document(element("Enqueue", text=desired.attributes["friendly_name"]))

    def previous_declaration(self, change: Change) -> Desired | None:
        """The queue as it was: under its earlier address, if the change renamed it."""
        if change.before is None:
            return None
        address = change.previous_address or change.address
        protect = bool(change.protect_before)
        return Desired(address, change.before, protect=protect, aliases=(change.address,))

    def adopt(self, address: Address, sid: str, client: Client) -> Recorded:
        """Record the live queue `sid` as it is."""
        from voiceform.kinds.queue.live import live_queue

        found = live_queue(client.fetch_queue(sid))
        return Recorded(address, found.sid, found.attributes)

    def export(self, client: Client, recorded: Mapping[Address, Recorded], folder: Path) -> Export:
        """See kinds.queue.export."""
        from voiceform.kinds.queue.export import export
        from voiceform.kinds.queue.live import read_queues

        return export(read_queues(client, _sids(recorded)), recorded)

    def check_recorded(self, recorded: Mapping[Address, Recorded], reader: DocumentReader) -> None:
        """No queue may stand under two addresses: removing one would delete what the other declares."""
        from voiceform.kinds.queue.compare import check_recorded

        check_recorded(recorded.values())

    def act(self, change: Change, session: Session) -> Done:
        """See kinds.queue.act."""
        from voiceform.kinds.queue.act import act

        return act(change, session)

    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        """See kinds.queue.act."""
        from voiceform.kinds.queue.act import settle

        return settle(changes, session)


def _sids(recorded: Mapping[Address, Recorded]) -> Iterator[str | None]:
    return (record.sid for record in recorded.values())
