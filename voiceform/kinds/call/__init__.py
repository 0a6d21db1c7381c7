"""Scheduled outbound calls: declared schedules, and a ledger that lets no call be placed twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from voiceform.kinds.base import Comparison, Done, Kind, ParseContext, PlanContext, Session
from voiceform.kinds.call.act import act, settle
from voiceform.kinds.call.compare import SCHEDULED, compare, with_ledger
from voiceform.kinds.call.ledger.store import check_ledgers
from voiceform.kinds.call.live import LiveCalls, ledger_of, read_live
from voiceform.kinds.call.parse import KIND, parse
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.phoning import CALL
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.numbers import normal_number
from voiceform.model.plan import Change
from voiceform.model.resource import Desired, Recorded
from voiceform.model.store import DocumentReader
from voiceform.model.wording import are, counted


class CallKind(Kind[LiveCalls]):
    """Schedules of calls. The API knows nothing like them: they exist in recorded state (without a SID), and
    what was done about them in the ledger. `places` says where lists of people may lie."""

    name = KIND
    section = "calls"
    rank = 40
    scopes = (CALL, SCHEDULED)

    def __init__(self, places: Places) -> None:
        self._places = places

    def parse(self, section: Any, context: ParseContext) -> list[Desired]:  # noqa: ANN401 - YAML value
        """See kinds.call.parse."""
        return parse(section, context, self._places)

    def refresh(self, context: PlanContext) -> LiveCalls:
        """Read the ledgers, and how the calls are that were placed lately."""
        specs: dict[str, CallSpec] = {}
        for record in context.recorded.values():
            spec = CallSpec.ended(record.address, record.attributes)
            specs[spec.ledger] = spec
        for desired in context.desired.values():
            record_of = _record_of(desired, context.recorded)
            spec = CallSpec.of(desired.address, with_ledger(desired, record_of, context))
            specs[spec.ledger] = spec
        return read_live(context, specs.values())

    def compare(self, context: PlanContext, live: LiveCalls) -> Comparison:
        """See kinds.call.compare."""
        return compare(context, live, self._places)

    def assume_applied(self, base: Sequence[Desired]) -> tuple[Mapping[Address, Recorded], LiveCalls]:
        """Schedules as applying `base` to an empty state would record them; nothing was ever placed."""
        recorded = {
            desired.address: Recorded(desired.address, None, with_ledger(desired, None), desired.protect)
            for desired in base
        }
        return recorded, LiveCalls()

    def irreversible(self, change: Change) -> str | None:
        """Calls that are placed, and calls in progress that are changed."""
        placed = change.counts.get(CALL.name, 0)
        if placed:
            return f"{counted(placed, 'call')} {are(placed)} placed"
        return "calls in progress are changed or ended" if change.operations else None

    def check_recorded(self, recorded: Mapping[Address, Recorded], reader: DocumentReader) -> None:
        """Schedules whose times and parties dispatch understands, and every ledger."""
        for record in recorded.values():
            spec = CallSpec.of(record.address, record.attributes)
            for party in (spec.from_, *spec.to):
                if normal_number(party) != party:
                    raise ValueError(f"{record.address} calls {party}, which is not how numbers are recorded")
        check_ledgers(reader)

    def act(self, change: Change, session: Session) -> Done:
        """See kinds.call.act."""
        return act(change, session, self._places)

    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        """See kinds.call.act."""
        return settle(changes, session)


def _record_of(desired: Desired, recorded: Mapping[Address, Recorded]) -> Recorded | None:
    return next((recorded[a] for a in (desired.address, *desired.aliases) if a in recorded), None)


__all__ = ["CallKind", "ledger_of"]
