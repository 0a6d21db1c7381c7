"""Desired, recorded and live queues -> proposed changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from voiceform.kinds.base import CompareContext, Comparison, unreadable_entries
from voiceform.kinds.queue.live import LiveQueues
from voiceform.kinds.queue.names import order_name_changes, tell_near_names
from voiceform.kinds.records import match_records, previous_address, protected
from voiceform.model.address import Address
from voiceform.model.errors import StateError
from voiceform.model.names import identity
from voiceform.model.plan import ADOPTED, Action, Blocked, Change, Drift, DriftStatus, Mode, Unmanaged
from voiceform.model.resource import Attributes, Desired, Live, Recorded
from voiceform.model.safety import Ownership
from voiceform.model.scopes import deletion
from voiceform.model.wording import are, counted

DELETION = deletion("queue")


def compare(context: CompareContext, live: LiveQueues) -> Comparison:
    """Propose changes for every queue that is declared or recorded; see docs on when each is proposed.

    StateError where two addresses are recorded as one queue.
    """
    check_recorded(context.recorded.values())
    return _Comparing(context, live).run()


def check_recorded(records: Iterable[Recorded]) -> None:
    """Raise StateError where two addresses stand for one queue: to remove one would delete what the other
    declares."""
    seen: dict[str | None, Recorded] = {}
    for record in records:
        other = seen.setdefault(record.sid, record)
        if other is not record:
            raise StateError(
                f"{other.address} and {record.address} are both recorded as {record.sid}",
                hint="after a `state mv` that was cut short run it again; else one of them is wrong: have it"
                f" forgotten with `voiceform state rm {record.address}`",
            )


class _Comparing:
    """One comparison; collects as it goes."""

    def __init__(self, context: CompareContext, live: LiveQueues) -> None:
        self.context = context
        self.live = live
        self.changes: list[Change] = []
        self.drift: list[Drift] = []
        self.matches = match_records(context.desired, context.recorded)
        self.blocked: list[Blocked] = list(self.matches.blocked)
        self.left = dict(self.matches.left)
        self.recorded_by_sid = {item.sid: item for item in context.recorded.values() if item.sid is not None}
        self.touched: set[str] = set()

    def run(self) -> Comparison:
        for desired, record in self._pairs():
            self.changes.append(self._declared(desired, record))
        for record in self.left.values():
            self._removed(record)
        unmanaged = self._unmanaged()
        changes, cycles = order_name_changes(self.changes, self.live)
        if self.context.mode is not Mode.REVIEW:  # where names that look alike are findings of the files
            changes = tell_near_names(changes, self.live)
        return Comparison(changes, self.drift, unmanaged, [*self.blocked, *cycles])

    def _pairs(self) -> Iterator[tuple[Desired, Recorded | None]]:
        """Each declared queue with its record, by the surest sign first: what one has, no other can take."""
        wanted, known = self.context.desired.values(), self.matches.records
        recorded = self.context.recorded.items()
        self.touched.update(record.sid or "" for address, record in recorded if address not in self.left)
        found: dict[Address, Recorded] = {}
        for look_up in (self._by_live_name, self._by_name_folded):
            for desired in wanted if len(known) < len(wanted) else ():
                address = desired.address
                if address not in known and address not in found and (record := look_up(desired)) is not None:
                    found[address] = self.left.pop(record.address)
        return ((item, known.get(item.address) or found.get(item.address)) for item in wanted)

    def _by_live_name(self, desired: Desired) -> Recorded | None:
        """A key renamed without an alias: the queue of that name is recorded under a key that is gone.

        Deleting it and creating one of the same name would lose callers for nothing.
        """
        found = self.live.by_name.get(desired.attributes["friendly_name"])
        record = self.recorded_by_sid.get(found.sid) if found is not None else None
        return self.left.get(record.address) if record is not None else None

    def _by_name_folded(self, desired: Desired) -> Recorded | None:
        """A name of which only the case or the Unicode form was changed, and the key with it."""
        named = self.live.by_identity.get(identity(desired.attributes["friendly_name"]), ())
        return self._only_one(self.recorded_by_sid[q.sid] for q in named if q.sid in self.recorded_by_sid)

    def _only_one(self, records: Iterable[Recorded]) -> Recorded | None:
        """The one that nobody else has; none where it cannot be told which is meant."""
        left = [record for record in records if record.address in self.left]
        return left[0] if len(left) == 1 else None

    def _declared(self, desired: Desired, record: Recorded | None) -> Change:
        found = self.live.by_sid.get(record.sid) if record is not None and record.sid is not None else None
        if record is not None:
            self._note_drift(record, found)
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
            after=desired.attributes,
            protect_after=desired.protect,
            previous_address=previous_address(desired, record),
            depends_on=desired.depends_on,
        )

    def _update(self, desired: Desired, record: Recorded | None, found: Live) -> Change:
        protected_before = record.protect if record is not None else False
        alike = found.attributes == desired.attributes
        unchanged = alike and protected_before == desired.protect
        previous = previous_address(desired, record)
        same = unchanged and previous is None and record is not None and record.sid == found.sid
        # What is only described anew, or drifted to what is declared, is acted on as well: recorded anew, if
        # the queue still is as it was.
        recorded = (record.notes, record.attributes) if record is not None else None
        inert = same and recorded == (desired.notes, found.attributes)
        return Change(
            address=desired.address,
            action=Action.NO_OP if same else Action.UPDATE,
            reason="unchanged" if same else _reason(desired, record, found, previous),
            sid=found.sid,
            operations=() if alike else ("updateQueue",),
            before=found.attributes,
            after=desired.attributes,
            protect_before=protected_before,
            protect_after=desired.protect,
            impact=_update_impact(found, desired.attributes),
            fingerprint=None if inert else found.fingerprint,
            previous_address=previous,
            depends_on=desired.depends_on,
        )

    def _note_drift(self, record: Recorded, found: Live | None) -> None:
        if found is None:
            self.drift.append(
                Drift(
                    record.address,
                    DriftStatus.GONE,
                    record.sid,
                    record.attributes,
                    None,
                    explanation="; ".join(self._remarks(record)) or None,
                )
            )
        elif found.attributes != record.attributes:
            self.drift.append(
                Drift(record.address, DriftStatus.CHANGED, record.sid, record.attributes, found.attributes)
            )

    def _remarks(self, record: Recorded) -> Iterator[str]:
        """What should be known of a queue that is gone."""
        if record.protect:
            yield "it is protected, so somebody deleted it outside of voiceform"
        replaced = self._unclaimed(record.attributes["friendly_name"])
        if replaced is not None:
            yield f"another queue of this name, {replaced.sid}, took its place"

    def _removed(self, record: Recorded) -> None:
        found = self.live.by_sid.get(record.sid) if record.sid is not None else None
        self._note_drift(record, found)
        if found is None:
            self.changes.append(
                Change(
                    record.address,
                    Action.DELETE,
                    reason="already-gone",
                    sid=record.sid,
                    before=record.attributes,
                    protect_before=record.protect,
                    impact=tuple(self._remarks(record)),
                    counts={DELETION.name: 1},
                )
            )
            return
        if record.protect:
            self.blocked.append(protected(record))
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
            strangers = []
        unreadable = self.live.unreadable
        unread = [unreadable_entries("queue", unreadable, "queues")] if unreadable.count else []
        return [*(Unmanaged("queue", queue.sid, queue.name) for queue in strangers), *unread]


def _reason(desired: Desired, record: Recorded | None, found: Live, previous: Address | None) -> str:
    if record is None or record.sid != found.sid:
        return ADOPTED
    if previous is not None:
        return "renamed"
    if record.attributes != desired.attributes:
        return "changed"
    return "protection" if found.attributes == desired.attributes else "drifted"


def _deletion(address: Address, found: Live, reason: str, protect: bool) -> Change:
    return Change(
        address=address,
        action=Action.DELETE,
        reason=reason,
        sid=found.sid,
        operations=("deleteQueue",),
        before=found.attributes,
        protect_before=protect,
        impact=_deletion_impact(found),
        fingerprint=found.fingerprint,
        counts={DELETION.name: 1},
    )


def _update_impact(found: Live, after: Attributes) -> tuple[str, ...]:
    """Lines for an update of the live queue `found` to `after`; empty when nobody notices."""
    lines = []
    before = found.attributes
    waiting = _waiting(found)
    if before["friendly_name"] != after["friendly_name"]:
        lines.append(
            f"TwiML that still enqueues to {before['friendly_name']!r} will make a new queue of that name"
        )
        if waiting != 0:
            lines.append(f"{_callers(waiting)}; they stay in the queue while it is renamed")
    if waiting is None and (before["max_size"] is None or after["max_size"] < before["max_size"]):
        lines.append(
            f"{_callers(waiting)}: if more than the new size of {after['max_size']}, new ones are refused"
            " until the queue has shrunk"
        )
    elif waiting is not None and after["max_size"] < waiting:
        lines.append(
            f"{_callers(waiting)}, more than the new size of {after['max_size']}:"
            " new callers are refused until the queue has shrunk"
        )
    return tuple(lines)


def _deletion_impact(found: Live) -> tuple[str, ...]:
    """Lines for the deletion of the live queue `found`."""
    waiting = _waiting(found)
    remade = f"TwiML that still enqueues to {found.name!r} will make a new queue of default size"
    if waiting == 0:
        return (remade,)
    if waiting is None:
        return (f"{_callers(waiting)}; the API refuses to delete a queue that is not empty", remade)
    average = found.observations.get("average_wait_time")
    wait = f" (average {average} s)" if average else ""
    return (f"{_callers(waiting)}{wait}; the API refuses to delete a queue that is not empty",)


def _waiting(found: Live) -> int | None:
    """How many wait; None where the API does not say. A review observes nothing, and is not about callers."""
    waiting: int | None = found.observations.get("current_size", 0)
    return waiting


def _callers(waiting: int | None) -> str:
    if waiting is None:
        return "how many callers are waiting is not known"
    return f"{counted(waiting, 'caller')} {are(waiting)} waiting"
