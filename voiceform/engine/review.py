"""A plan without an account: what one configuration changes when another one is in force.

For pull requests from forks, where no credentials are: the base configuration stands for live state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from voiceform.engine.planner import Kinds, PlanBasis, assemble, of_kind, with_earlier_keys
from voiceform.engine.targets import Selection
from voiceform.model.address import Address
from voiceform.model.configuration import Configuration
from voiceform.model.plan import Change, Mode, Plan, StateVersion
from voiceform.model.resource import Recorded
from voiceform.model.scopes import Vocabulary


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
    recorded: dict[Address, Recorded] = {}
    live = []
    for kind in kinds:
        stand_ins, found = kind.assume_applied(
            list(of_kind(base.desired, kind.name).values()), list(of_kind(head.desired, kind.name).values())
        )
        live.append(found)
        recorded.update(
            (address, replace(record, hidden=base.desired[address].hidden, notes=base.desired[address].notes))
            for address, record in stand_ins.items()
        )
    basis = PlanBasis(
        configuration=head,
        kinds=kinds,
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
    desired = with_earlier_keys(head.desired, recorded)
    compared = [
        kind.compare(basis.context(kind.name, desired), found)
        for kind, found in zip(kinds, live, strict=True)
    ]
    basis.selection.check({*head.desired, *recorded}, {kind.name for kind in kinds})
    plan = assemble(basis, compared)
    return replace(plan, changes=tuple(_without_identity(change) for change in plan.changes))


def _without_identity(change: Change) -> Change:
    return replace(change, sid=None, fingerprint=None)
