"""Conferences: settings that render to TwiML, and what is kept true of a live room.

The API has no create: a room appears when somebody joins, and ends. So a declared conference is never an
object to create or delete, and no room is ever ended because a declaration was removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from voiceform.kinds.kind import Kind, ParseContext
from voiceform.model.address import Address
from voiceform.model.resource import Desired, Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from voiceform.kinds.base import CompareContext, Comparison, Documents, Done, RefreshContext, Session
    from voiceform.kinds.conference.live import LiveConferences
    from voiceform.kinds.details import Details
    from voiceform.model.exported import Export
    from voiceform.model.plan import Change
    from voiceform.model.scopes import Scope
    from voiceform.model.store import DocumentReader
    from voiceform.twilio.client import Client


class ConferenceKind(Kind["LiveConferences"]):
    """Conference settings by name; live rooms of that name are kept as declared."""

    name = "conference"
    section = "conferences"
    rank = 20
    local_findings = frozenset(
        {
            "conference-name-dots",
            "conference-name-sid",
            "conference-name-space",
            "conference-own-number",
            "conference-participant-twice",
            "conference-setting-unused",
            "conference-twiml",
        }
    )
    answers = True

    def strangers(self, _store: DocumentReader) -> bool:
        """Of the account it knows nothing else."""
        return False

    @property
    def details(self) -> type[Details]:
        """What is done to a live room."""
        from voiceform.kinds.conference.steps import Visit

        return Visit

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """People who are phoned, and rooms that are ended."""
        from voiceform.kinds.conference.scopes import ENDING
        from voiceform.kinds.phoning import CALL

        return (CALL, ENDING)

    @property
    def documents(self) -> tuple[Documents, ...]:
        """What is remembered of rooms."""
        from voiceform.kinds.base import Documents
        from voiceform.kinds.conference.memory import PREFIX, memory_kept

        return (Documents(PREFIX, memory_kept),)

    def parse(self, section: Any, context: ParseContext) -> list[Desired]:  # noqa: ANN401 - YAML value
        """See kinds.conference.parse."""
        from voiceform.kinds.conference.parse import parse

        return parse(section, context)

    def refresh(self, context: RefreshContext) -> LiveConferences:
        """See kinds.conference.live."""
        from voiceform.kinds.conference.live import read_live

        return read_live(context)

    def compare(self, context: CompareContext, live: LiveConferences) -> Comparison:
        """See kinds.conference.compare."""
        from voiceform.kinds.conference.compare import compare

        return compare(context, live)

    def assume_applied(
        self, base: Sequence[Desired], head: Sequence[Desired]
    ) -> tuple[Mapping[Address, Recorded], LiveConferences]:
        """Settings as recorded, and no room: a review cannot know who will be on the telephone."""
        from voiceform.kinds.conference.live import LiveConferences

        recorded = {desired.address: Recorded(desired.address, None, desired.attributes) for desired in base}
        return recorded, LiveConferences()

    def answer(self, desired: Desired) -> str:
        """The document that dials into the conference."""
        return str(desired.attributes["twiml"])

    def irreversible(self, change: Change) -> str | None:
        """What was done to people in a live room; settings alone can be set back."""
        from voiceform.kinds.conference.steps import ADD
        from voiceform.model.wording import are, counted

        phoned = change.operations.count(ADD)
        if phoned:
            return f"{counted(phoned, 'person', 'people')} {are(phoned)} phoned"
        return "people in a live room notice it at once" if change.operations else None

    def previous_declaration(self, change: Change) -> Desired | None:
        """The settings as they were: under their earlier address, if the change renamed them."""
        if change.before is None:
            return None
        return Desired(change.previous_address or change.address, change.before, aliases=(change.address,))

    def adopt(self, address: Address, sid: str, client: Client) -> Recorded:
        """See kinds.conference.adopt."""
        from voiceform.kinds.conference.running import adopt

        return adopt(address, sid, client)

    def export(self, client: Client, recorded: Mapping[Address, Recorded], folder: Path) -> Export:
        """See kinds.conference.export."""
        from voiceform.kinds.conference.export import export

        return export(client, recorded)

    def check_move(self, record: Recorded, reader: DocumentReader) -> None:
        """What is known of people in a room is known by the address: under another one they would be phoned
        again, and hear again what was announced."""
        from voiceform.kinds.conference.memory import Memory, memory_key, read_memories
        from voiceform.model.errors import UsageError

        known = read_memories(reader).get(memory_key(record.address), Memory())
        if record.attributes["participants"] or known != Memory():
            name = record.address.name
            raise UsageError(
                f"{record.address}: its participants are known by this address; under another one they would"
                " be phoned again",
                hint=f"give the new key `aliases: [{name}]` and apply: what is known moves along",
            )

    def check_recorded(self, recorded: Mapping[Address, Recorded], reader: DocumentReader) -> None:
        """What is remembered of rooms."""
        from voiceform.kinds.conference.memory import read_memories

        read_memories(reader)

    def act(self, change: Change, session: Session) -> Done:
        """See kinds.conference.act."""
        from voiceform.kinds.conference.act import act

        return act(change, session)

    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        """See kinds.conference.settle."""
        from voiceform.kinds.conference.settle import settle

        return settle(changes, session)
