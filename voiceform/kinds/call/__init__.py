"""Scheduled outbound calls: declared schedules, and a ledger that lets no call be placed twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from voiceform.kinds.kind import Kind, ParseContext
from voiceform.model.address import Address
from voiceform.model.resource import Desired, Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from voiceform.kinds.base import CompareContext, Comparison, Documents, Done, RefreshContext, Session
    from voiceform.kinds.call.live import LiveCalls
    from voiceform.kinds.details import Details
    from voiceform.kinds.userfiles import Places
    from voiceform.model.clock import Clock
    from voiceform.model.exported import Export
    from voiceform.model.plan import Change
    from voiceform.model.scopes import Scope
    from voiceform.model.store import DocumentReader
    from voiceform.twilio.client import Client


class CallKind(Kind["LiveCalls"]):
    """Schedules of calls. The API knows nothing like them: they exist in recorded state (without a SID), and
    what was done about them in the ledger. `places` says where lists of people may lie, `clock` which rules
    are too old."""

    name = "call"
    section = "calls"
    beside = frozenset({"calling_rules"})
    rank = 40
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

    def __init__(self, places: Places, clock: Clock | None = None) -> None:
        self._places = places
        self._clock = clock

    def strangers(self, _store: DocumentReader) -> bool:
        """Of the account it knows nothing else."""
        return False

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Calls that are placed at once, and that are scheduled."""
        from voiceform.kinds.phoning import CALL, SCHEDULED

        return (CALL, SCHEDULED)

    @property
    def documents(self) -> tuple[Documents, ...]:
        """The ledger, the pauses, and the counters of contacts."""
        from voiceform.kinds.base import Documents
        from voiceform.kinds.call.ledger import pauses, store
        from voiceform.kinds.call.limits import marks

        return (
            Documents(store.HEADS, store.head_kept),
            Documents(store.PREFIX, store.calls_kept),
            Documents(pauses.PREFIX, pauses.kept_when_pushed),
            Documents(marks.PREFIX, marks.marks_kept),
        )

    @property
    def details(self) -> type[Details]:
        """What becomes of calls of earlier declarations."""
        from voiceform.kinds.call.details import CallDetails

        return CallDetails

    def parse(self, section: Any, context: ParseContext) -> list[Desired]:  # noqa: ANN401 - YAML value
        """See kinds.call.parse."""
        from voiceform.kinds.call.parse import parse
        from voiceform.kinds.call.rules.declared import read_rules

        return parse(section, context, self._places, read_rules(context, self._places, self._clock))

    def refresh(self, context: RefreshContext) -> LiveCalls:
        """See kinds.call.live."""
        from voiceform.kinds.call.live import read_live

        return read_live(context, self._places)

    def compare(self, context: CompareContext, live: LiveCalls) -> Comparison:
        """See kinds.call.compare."""
        from voiceform.kinds.call.compare import compare

        return compare(context, live)

    def assume_applied(
        self, base: Sequence[Desired], head: Sequence[Desired]
    ) -> tuple[Mapping[Address, Recorded], LiveCalls]:
        """Schedules as applying `base` to an empty state would record them; nothing was ever placed. Whom the
        next occurrences call depends on the lists that are here."""
        from voiceform.kinds.call.live import LiveCalls, as_recorded, read_lists
        from voiceform.kinds.call.spec import CallSpec

        wanted = as_recorded({item.address: item for item in base}, {}, {})
        recorded = {
            item.address: Recorded(item.address, None, wanted[item.address], item.protect) for item in base
        }
        specs = [CallSpec.of(item.address, item.attributes) for item in head]
        return recorded, LiveCalls(lists=read_lists(specs, self._places))

    def irreversible(self, change: Change) -> str | None:
        """Calls that are placed, and calls in progress that are changed."""
        from voiceform.kinds.phoning import CALL
        from voiceform.model.wording import are, counted

        placed = change.counts.get(CALL.name, 0)
        if placed:
            return f"{counted(placed, 'call')} {are(placed)} placed"
        return "calls in progress are changed or ended" if change.operations else None

    def export(self, client: Client, recorded: Mapping[Address, Recorded], folder: Path) -> Export:
        """See kinds.call.export."""
        from voiceform.kinds.call.export import export

        return export(recorded, self._places.folder, folder)

    def check_recorded(self, recorded: Mapping[Address, Recorded], reader: DocumentReader) -> None:
        """Schedules whose times and parties dispatch understands, each with a ledger of its own; every
        ledger, the pauses, and limits and counters of contacts."""
        from voiceform.kinds.call.compare import require_own_ledgers
        from voiceform.kinds.call.ledger.pauses import read_pauses
        from voiceform.kinds.call.ledger.store import check_ledgers
        from voiceform.kinds.call.limits.in_force import check_limits
        from voiceform.kinds.call.limits.marks import check_counters
        from voiceform.kinds.call.spec import CallSpec
        from voiceform.model.numbers import normal_number

        for record in recorded.values():
            spec = CallSpec.of(record.address, record.attributes)
            for party in (spec.from_, *spec.to):
                if normal_number(party) != party:
                    raise ValueError(f"{record.address} calls {party}, which is not how numbers are recorded")
        require_own_ledgers(recorded.values())
        check_ledgers(reader)
        read_pauses(reader)
        check_counters(reader)
        check_limits(reader)

    def act(self, change: Change, session: Session) -> Done:
        """See kinds.call.act."""
        from voiceform.kinds.call.act import act

        return act(change, session, self._places)

    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        """See kinds.call.act."""
        from voiceform.kinds.call.act import settle

        return settle(changes, session)
