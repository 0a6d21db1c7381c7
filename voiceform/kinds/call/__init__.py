"""Scheduled outbound calls: declared schedules, and a ledger that lets no call be placed twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from voiceform.kinds.base import (
    CompareContext,
    Comparison,
    Documents,
    Done,
    Kind,
    ParseContext,
    RefreshContext,
    Session,
)
from voiceform.kinds.call.act import act, settle
from voiceform.kinds.call.compare import SCHEDULED, compare
from voiceform.kinds.call.details import CallDetails
from voiceform.kinds.call.export import export
from voiceform.kinds.call.ledger import pauses
from voiceform.kinds.call.ledger.store import HEADS, PREFIX, calls_kept, check_ledgers, head_kept
from voiceform.kinds.call.limits import marks
from voiceform.kinds.call.limits.in_force import check_limits
from voiceform.kinds.call.live import LiveCalls, as_recorded, ledger_of, read_lists, read_live
from voiceform.kinds.call.parse import parse
from voiceform.kinds.call.rules.declared import SECTION, read_rules
from voiceform.kinds.call.spec import KIND, CallSpec
from voiceform.kinds.phoning import CALL
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.clock import Clock
from voiceform.model.exported import Export
from voiceform.model.numbers import normal_number
from voiceform.model.plan import Change
from voiceform.model.resource import Desired, Recorded
from voiceform.model.store import DocumentReader
from voiceform.model.wording import are, counted

if TYPE_CHECKING:
    from voiceform.twilio.client import Client


class CallKind(Kind[LiveCalls]):
    """Schedules of calls. The API knows nothing like them: they exist in recorded state (without a SID), and
    what was done about them in the ledger. `places` says where lists of people may lie, `clock` which rules
    are too old."""

    name = KIND
    section = "calls"
    beside = frozenset({SECTION})
    rank = 40
    details = CallDetails
    local_findings = frozenset(
        {
            "clock-change",
            "do-not-call",
            "duplicate-limit",
            "empty-cell",
            "invalid-hours",
            "invalid-limit",
            "invalid-number",
            "invalid-retry",
            "invalid-schedule",
            "invalid-template",
            "invalid-twiml",
            "invalid-waves",
            "no-recipients",
            "odd-step",
            "one-answer",
            "repeated-key",
            "too-many-recipients",
            "unknown-column",
            "unknown-reference",
            "unusable-csv",
            "unusable-row",
        }
    )
    stand_ins: ClassVar[Mapping[str, Any]] = {
        "to": "+15005550001",
        "from": "+15005550006",
        "schedule": {"at": "2100-01-01T00:00:00", "timezone": "UTC"},
        "answer": {"twiml": "<Response/>"},
    }
    scopes = (CALL, SCHEDULED)
    documents = (
        Documents(HEADS, head_kept),
        Documents(PREFIX, calls_kept),
        Documents(pauses.PREFIX, pauses.kept_when_pushed),
        Documents(marks.PREFIX, marks.marks_kept),
    )

    def __init__(self, places: Places, clock: Clock | None = None) -> None:
        self._places = places
        self._clock = clock

    def parse(self, section: Any, context: ParseContext) -> list[Desired]:  # noqa: ANN401 - YAML value
        """See kinds.call.parse."""
        return parse(section, context, self._places, read_rules(context, self._places, self._clock))

    def refresh(self, context: RefreshContext) -> LiveCalls:
        """See kinds.call.live."""
        return read_live(context, self._places)

    def compare(self, context: CompareContext, live: LiveCalls) -> Comparison:
        """See kinds.call.compare."""
        return compare(context, live)

    def assume_applied(
        self, base: Sequence[Desired], head: Sequence[Desired]
    ) -> tuple[Mapping[Address, Recorded], LiveCalls]:
        """Schedules as applying `base` to an empty state would record them; nothing was ever placed. Whom the
        next occurrences call depends on the lists that are here."""
        wanted = as_recorded({item.address: item for item in base}, {}, {})
        recorded = {
            item.address: Recorded(item.address, None, wanted[item.address], item.protect) for item in base
        }
        specs = [CallSpec.of(item.address, item.attributes) for item in head]
        return recorded, LiveCalls(lists=read_lists(specs, self._places))

    def irreversible(self, change: Change) -> str | None:
        """Calls that are placed, and calls in progress that are changed."""
        placed = change.counts.get(CALL.name, 0)
        if placed:
            return f"{counted(placed, 'call')} {are(placed)} placed"
        return "calls in progress are changed or ended" if change.operations else None

    def export(self, client: Client, recorded: Mapping[Address, Recorded], folder: Path) -> Export:
        """See kinds.call.export."""
        return export(recorded, self._places.folder, folder)

    def check_recorded(self, recorded: Mapping[Address, Recorded], reader: DocumentReader) -> None:
        """Schedules whose times and parties dispatch understands, every ledger, the pauses, and limits and
        counters of contacts."""
        for record in recorded.values():
            spec = CallSpec.of(record.address, record.attributes)
            for party in (spec.from_, *spec.to):
                if normal_number(party) != party:
                    raise ValueError(f"{record.address} calls {party}, which is not how numbers are recorded")
        check_ledgers(reader)
        pauses.read_pauses(reader)
        marks.check_counters(reader)
        check_limits(reader)

    def act(self, change: Change, session: Session) -> Done:
        """See kinds.call.act."""
        return act(change, session, self._places)

    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        """See kinds.call.act."""
        return settle(changes, session)


__all__ = ["CallKind", "ledger_of"]
