"""Retention: how long recordings and call records are kept, and holds, which keep them in any case."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from voiceform.kinds.kind import Kind, ParseContext
from voiceform.model.address import Address
from voiceform.model.resource import Desired, Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from voiceform.kinds.base import CompareContext, Comparison, Documents, Done, RefreshContext, Session
    from voiceform.kinds.details import Details
    from voiceform.kinds.forgetting import Keeper
    from voiceform.kinds.retention.survey import Survey
    from voiceform.kinds.userfiles import Places
    from voiceform.model.exported import Export
    from voiceform.model.plan import Change
    from voiceform.model.scopes import Scope
    from voiceform.model.store import DocumentReader
    from voiceform.twilio.client import Client


class RetentionKind(Kind["Survey"]):
    """Rules and holds, at addresses that are their paths: `retention.recordings.NAME`,
    `retention.call_records.NAME`, `retention.holds.NAME`.

    They exist in our state alone. What a rule deletes is carried by its change as exact SIDs. `places` says
    where price files may lie; `keepers` gives the parts of the state that may know a person who is erased, at
    addresses `retention.erasure.PART`.
    """

    name = "retention"
    section = "retention"
    rank = 40
    local_findings = frozenset(
        {
            "archive-url",
            "beyond-reach",
            "duplicate-address",
            "empty-range",
            "evidence-place",
            "invalid-date",
            "invalid-number",
            "never-matches",
            "price-file",
            "prune-pace",
        }
    )
    command = "prune"

    def __init__(self, places: Places, keepers: Callable[[], Sequence[Keeper]] = tuple) -> None:
        self._places = places
        self._keepers = keepers

    def strangers(self, store: DocumentReader) -> bool:
        """Holds that were added by command are told whatever is declared."""
        from voiceform.kinds.retention.parts import ADDED

        return store.get(ADDED) is not None

    @property
    def details(self) -> type[Details]:
        """What a rule deletes, or what of a person is erased."""
        from voiceform.kinds.retention.details import RuleDetails

        return RuleDetails

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """What rules delete, and what is erased."""
        from voiceform.kinds.retention.scopes import ERASED, SCOPES

        return (*SCOPES.values(), *ERASED.values())

    @property
    def documents(self) -> tuple[Documents, ...]:
        """The holds that were added by command, and the pace that runs share."""
        from voiceform.kinds.base import Documents
        from voiceform.kinds.retention import added
        from voiceform.kinds.retention.pacing import share

        return (
            Documents(added.PREFIX, added.kept_when_pushed),
            Documents(share.PREFIX, share.kept_when_pushed),
        )

    def parse(self, section: Any, context: ParseContext) -> list[Desired]:  # noqa: ANN401 - YAML value
        """See kinds.retention.parse."""
        from voiceform.kinds.retention.parse import parse

        return parse(section, context, self._places)

    def refresh(self, context: RefreshContext) -> Survey:
        """See kinds.retention.survey."""
        from voiceform.kinds.retention.survey import survey

        return survey(context)

    def compare(self, context: CompareContext, live: Survey) -> Comparison:
        """See kinds.retention.compare."""
        from voiceform.kinds.retention.compare import compare

        return compare(context, live)

    def assume_applied(
        self, base: Sequence[Desired], head: Sequence[Desired]
    ) -> tuple[Mapping[Address, Recorded], Survey]:
        """Rules and holds as recorded, and an account without recordings."""
        from voiceform.kinds.retention.survey import Survey

        return {item.address: Recorded(item.address, None, item.attributes) for item in base}, Survey()

    def irreversible(self, change: Change) -> str | None:
        """What a rule destroys."""
        from voiceform.kinds.retention.impact import destroyed

        return destroyed(change)

    def export(self, client: Client, recorded: Mapping[Address, Recorded], folder: Path) -> Export:
        """See kinds.retention.export."""
        from voiceform.kinds.retention.export import export

        return export(recorded)

    def check_recorded(self, recorded: Mapping[Address, Recorded], reader: DocumentReader) -> None:
        """Rules and holds whose dates and durations can be told, and the holds that were added by command."""
        from voiceform.kinds.retention.added import read_added
        from voiceform.kinds.retention.policy import check_recorded

        check_recorded(recorded)
        read_added(reader)

    def foreseeing(self, changes: Sequence[Change], session: Session) -> AbstractContextManager[None]:
        """See kinds.retention.act."""
        from voiceform.kinds.retention.act import foreseeing

        return foreseeing(changes, session)

    def act(self, change: Change, session: Session) -> Done:
        """See kinds.retention.act."""
        from voiceform.kinds.retention.act import act

        return act(change, session, self._keepers())

    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        """See kinds.retention.act."""
        from voiceform.kinds.retention.act import settle

        return settle(changes, session, self._keepers())
