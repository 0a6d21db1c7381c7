"""Desired, recorded and live queues -> proposed changes."""

from __future__ import annotations

from collections.abc import Mapping

from voiceform.kinds.base import Comparison, PlanContext
from voiceform.kinds.queue.impact import deletion_impact, update_impact
from voiceform.kinds.queue.live import LiveQueues
from voiceform.kinds.queue.names import order_name_changes
from voiceform.model.address import Address
from voiceform.model.plan import Action, Blocked, Change, Drift, DriftStatus, Mode, Unmanaged
from voiceform.model.resource import Attributes, Desired, Live, Recorded
from voiceform.model.safety import Ownership

DELETE_SCOPE = "delete:queue"


def compare(context: PlanContext, live: LiveQueues) -> Comparison:
    """Propose changes for every queue that is declared or recorded; see docs on when each is proposed."""
    return _Comparing(context, live).run()


class _Comparing:
    """One comparison; collects as it goes."""

    def __init__(self, context: PlanContext, live: LiveQueues) -> None:
        self.context = context
        self.live = live
        self.changes: list[Change] = []
        self.drift: list[Drift] = []
        self.blocked: list[Blocked] = []
        self.left = dict(context.recorded)
        self.recorded_by_sid = {item.sid: item for item in context.recorded.values() if item.sid is not None}
        self.touched: set[str] = set()

    def run(self) -> Comparison:
        pairs = [(desired, self._record_of(desired)) for desired in self.context.desired.values()]
        pairs = [(desired, record or self._record_by_name(desired)) for desired, record in pairs]
        for desired, record in pairs:
            self.changes.append(self._declared(desired, record))
        for record in self.left.values():
            self._removed(record)
        unmanaged = self._unmanaged()
        changes, cycles = order_name_changes(self.changes, self.live)
        return Comparison(changes, self.drift, unmanaged, [*self.blocked, *cycles])

    def _record_of(self, desired: Desired) -> Recorded | None:
        """The record under this address or, for a renamed key, under one of its earlier addresses."""
        for address in (desired.address, *desired.aliases):
            if address in self.left:
                return self.left.pop(address)
        return None

    def _record_by_name(self, desired: Desired) -> Recorded | None:
        """A key renamed without an alias: the queue of that name is recorded under a key that is gone.

        Deleting it and creating one of the same name would lose callers for nothing.
        """
        found = self.live.by_name.get(desired.attributes["friendly_name"])
        record = self.recorded_by_sid.get(found.sid) if found is not None else None
        return self.left.pop(record.address, None) if record is not None else None

    def _declared(self, desired: Desired, record: Recorded | None) -> Change:
        found = self.live.by_sid.get(record.sid) if record is not None and record.sid is not None else None
        if record is not None:
            self._note_drift(desired.address, record, found)
        if found is None:
            found = self._unclaimed(desired.attributes["friendly_name"])
            if found is None:
                return self._creation(desired, record)
        self.touched.add(found.sid)
        return self._update(desired, record, found)

    def _unclaimed(self, name: str) -> Live | None:
        """The live queue of this name, unless another address has it."""
        found = self.live.by_name.get(name)
        return None if found is None or found.sid in self.recorded_by_sid else found

    def _creation(self, desired: Desired, record: Recorded | None) -> Change:
        return Change(
            address=desired.address,
            action=Action.CREATE,
            reason="declared" if record is None else "gone",
            operations=("createQueue",),
            after=_with_protect(desired.attributes, desired.protect),
            previous_address=_previous(desired, record),
            depends_on=desired.depends_on,
        )

    def _update(self, desired: Desired, record: Recorded | None, found: Live) -> Change:
        before = _with_protect(found.attributes, record.protect if record is not None else False)
        after = _with_protect(desired.attributes, desired.protect)
        previous = _previous(desired, record)
        same = before == after and previous is None and record is not None and record.sid == found.sid
        return Change(
            address=desired.address,
            action=Action.NO_OP if same else Action.UPDATE,
            reason="unchanged" if same else _reason(desired, record, found, previous),
            sid=found.sid,
            operations=() if found.attributes == desired.attributes else ("updateQueue",),
            before=before,
            after=after,
            impact=update_impact(found, desired.attributes),
            fingerprint=found.fingerprint,
            previous_address=previous,
            depends_on=desired.depends_on,
        )

    def _note_drift(self, address: Address, record: Recorded, found: Live | None) -> None:
        if found is None:
            replaced = self._unclaimed(record.attributes["friendly_name"])
            why = f"another queue of this name, {replaced.sid}, took its place" if replaced else None
            self.drift.append(
                Drift(address, DriftStatus.GONE, record.sid, record.attributes, None, explanation=why)
            )
        elif found.attributes != record.attributes:
            self.drift.append(
                Drift(address, DriftStatus.CHANGED, record.sid, record.attributes, found.attributes)
            )

    def _removed(self, record: Recorded) -> None:
        found = self.live.by_sid.get(record.sid) if record.sid is not None else None
        self._note_drift(record.address, record, found)
        if found is None:
            self.changes.append(
                Change(
                    record.address,
                    Action.DELETE,
                    reason="already-gone",
                    sid=record.sid,
                    before=_with_protect(record.attributes, record.protect),
                )
            )
            return
        if record.protect:
            self.blocked.append(_protected(record))
        self.changes.append(_deletion(record.address, found, "removed", record.protect))
        self.touched.add(found.sid)

    def _unmanaged(self) -> list[Unmanaged]:
        strangers = [queue for queue in self.live.by_sid.values() if queue.sid not in self.touched]
        claims = self.context.ownership is Ownership.EXCLUSIVE and self.context.mode is not Mode.DESTROY
        if claims:
            self.changes.extend(
                _deletion(Address("queue", queue.sid), queue, "not-declared", protect=False)
                for queue in strangers
            )
            return []
        return [Unmanaged("queue", queue.sid, queue.name) for queue in strangers]


def _with_protect(attributes: Attributes, protect: bool) -> Mapping[str, object]:
    return {**attributes, "protect": protect}


def _previous(desired: Desired, record: Recorded | None) -> Address | None:
    return record.address if record is not None and record.address != desired.address else None


def _reason(desired: Desired, record: Recorded | None, found: Live, previous: Address | None) -> str:
    if record is None or record.sid != found.sid:
        return "adopted"
    if previous is not None:
        return "renamed"
    return "drifted" if record.attributes == desired.attributes else "changed"


def _deletion(address: Address, found: Live, reason: str, protect: bool) -> Change:
    return Change(
        address=address,
        action=Action.DELETE,
        reason=reason,
        sid=found.sid,
        operations=("deleteQueue",),
        before=_with_protect(found.attributes, protect),
        impact=deletion_impact(found),
        fingerprint=found.fingerprint,
        counts={DELETE_SCOPE: 1},
    )


def _protected(record: Recorded) -> Blocked:
    return Blocked(
        rule="protect",
        message=f"{record.address} is protected and may not be deleted",
        hint=f"declare {record.address} again with protect: false, apply, and then remove it",
        addresses=(record.address,),
    )
