"""A plan without an account: what one configuration changes when another one is in force.

For pull requests from forks, where no credentials are: the base configuration stands for live state.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, cast

from voiceform.engine.planner import Kinds, PlanRequest, assemble, of_kind, with_earlier_keys
from voiceform.engine.targets import Selection
from voiceform.kinds.base import PlanContext
from voiceform.model.address import Address
from voiceform.model.configuration import Configuration
from voiceform.model.plan import Change, Mode, Plan, StateVersion
from voiceform.model.resource import Recorded
from voiceform.model.scopes import Vocabulary
from voiceform.model.store import StoredDocument

if TYPE_CHECKING:
    from voiceform.twilio.client import Client


class NothingStored:
    """The recorded state of an account that nobody has touched."""

    def get(self, key: str) -> StoredDocument | None:
        """None."""
        return None

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Nothing."""
        return iter(())


def review(
    base: Configuration,
    head: Configuration,
    kinds: Kinds,
    *,
    now: datetime,
    new_id: Callable[[], str],
    vocabulary: Vocabulary,
    selection: Selection | None = None,
) -> Plan:
    """What applying `head` would do if `base` had just been applied; offline.

    SIDs and fingerprints are left out: they are not known. Such a plan is for reading, never for apply.
    """
    # Comparing is pure: a kind that reached for the account here would be wrong, and would fail loudly.
    no_client = cast("Client", None)
    recorded: dict[Address, Recorded] = {}
    compared = []
    for kind in kinds:
        stand_ins, live = kind.assume_applied(list(of_kind(base.desired, kind.name).values()))
        stand_ins = {
            address: replace(record, hidden=base.desired[address].hidden)
            for address, record in stand_ins.items()
        }
        recorded.update(stand_ins)
        context = PlanContext(
            client=no_client,
            store=NothingStored(),
            now=now,
            mode=Mode.REVIEW,
            ownership=head.ownership,
            desired=of_kind(with_earlier_keys(head.desired, stand_ins), kind.name),
            recorded=stand_ins,
        )
        compared.append(kind.compare(context, live))
    request = PlanRequest(
        configuration=head,
        kinds=kinds,
        client=no_client,
        store=NothingStored(),
        recorded=recorded,
        state=StateVersion(None, 0),
        account_sid=head.account,
        created_at=now,
        now=now,
        new_id=new_id,
        vocabulary=vocabulary,
        mode=Mode.REVIEW,
        selection=selection or Selection(),
    )
    request.selection.check({*head.desired, *recorded}, {kind.name for kind in kinds})
    plan = assemble(request, compared)
    return replace(plan, changes=tuple(_without_identity(change) for change in plan.changes))


def _without_identity(change: Change) -> Change:
    return replace(change, sid=None, fingerprint=None)
