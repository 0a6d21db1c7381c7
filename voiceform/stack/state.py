"""What a stack does with its recorded state alone."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from voiceform.model.address import Address
from voiceform.stack.parts import Parts

if TYPE_CHECKING:
    from voiceform.kinds.call.ledger.entries import Key
    from voiceform.kinds.retention.added import AddedHold
    from voiceform.model.resource import Recorded
    from voiceform.stack.calls import ListedCalls
    from voiceform.stack.holding import ListedHold
    from voiceform.state.home import Home
    from voiceform.state.journal import RunDetail
    from voiceform.state.journal_codec import RunRecord
    from voiceform.state.lease_document import LeaseRecord


class StateOperations:
    """Reading and mending what is recorded. The account is left as it is."""

    parts: Parts

    def recorded(self) -> dict[Address, Recorded]:
        """What is recorded, by address."""
        with self.parts.recorded_state() as store:
            return self.parts.resources(store)

    def runs(self) -> tuple[RunRecord, ...]:
        """The runs that are recorded, the newest first."""
        from voiceform.stack.history import runs

        return runs(self.parts)

    def run(self, run_id: str) -> RunDetail:
        """One run with what it was to do, `intents`, and what came of it, `outcomes`. The beginning of its
        id is enough where no other begins so. UsageError when there is no such run, or several."""
        from voiceform.stack.history import run

        return run(self.parts, run_id)

    def calls(
        self, addresses: Iterable[str] = (), *, statuses: Collection[str] = (), since: datetime | None = None
    ) -> ListedCalls:
        """What became of the calls of these schedules (all when none is named), and the next planned ones.

        UsageError for an address that has neither a schedule nor calls.
        """
        from voiceform.stack.calls import listed
        from voiceform.stack.order import texts

        return listed(self.parts, texts("addresses", addresses), texts("statuses", statuses), since)

    def resolve_call(
        self,
        address: str,
        occurrence: datetime,
        *,
        placed: str | None,
        to: str | None = None,
        attempt: int | None = None,
    ) -> Key:
        """Say what became of a call of which nobody knows: `placed` is its SID, or None when it was not made.

        `to` (its last digits will do) and `attempt` say which, where several are in doubt. Reads the call
        that is named from the account. UsageError where it is another one, or nothing is in doubt.
        """
        from voiceform.stack.resolving import resolve_call

        return resolve_call(self.parts, Address.parse(address), occurrence, placed, to=to, attempt=attempt)

    def resolve_participant(self, address: str, key: str, *, placed: str | None) -> None:
        """As `resolve_call`, for the attempt to phone a participant of a conference."""
        from voiceform.stack.resolving import resolve_participant

        resolve_participant(self.parts, Address.parse(address), key, placed)

    def add_hold(
        self,
        name: str,
        *,
        reason: str,
        recordings: Iterable[str] = (),
        calls: Iterable[str] = (),
        numbers: Iterable[str] = (),
    ) -> AddedHold:
        """Let nothing of these be deleted from now on: recordings and calls by their SIDs, people by their
        numbers. Takes no lock and counts at once, also for a run that is deleting.

        UsageError for what cannot be read, and when there is a hold of that name.
        """
        from voiceform.kinds.retention.added import HoldRequest
        from voiceform.stack.holding import held
        from voiceform.stack.order import texts

        wanted = (texts("recordings", recordings), texts("calls", calls), texts("numbers", numbers))
        return held(self.parts, HoldRequest.of(name, reason, *wanted))

    def holds(self, *, released: bool = False) -> tuple[ListedHold, ...]:
        """The holds that are recorded, declared ones and those that were added by command, by name; with
        `released` also those that were added once and have ended."""
        from voiceform.stack.holding import listed

        return listed(self.parts, released_too=released)

    def release_hold(self, name: str, *, approve: Iterable[str]) -> AddedHold:
        """End a hold that was added by command. BlockedError unless `approve` has `release-hold=NAME`."""
        from voiceform.stack.holding import released
        from voiceform.stack.order import texts

        return released(self.parts, name, texts("approve", approve))

    def rename(self, source: str, target: str) -> None:
        """Record under the address `target` what is recorded under `source`."""
        from voiceform.stack.records import renamed

        renamed(self.parts, source, target)

    def forget(self, address: str) -> None:
        """Record nothing under an address any more; the live object is no longer ours."""
        from voiceform.stack.records import forgotten

        forgotten(self.parts, address)

    def prune_journal(self, keep: timedelta) -> int:
        """Of runs that ended longer ago than `keep`, keep only who, when, and how many changes ended how; say
        how many were folded. They stay listed, and cannot be undone any more."""
        from voiceform.stack.records import journal_pruned

        return journal_pruned(self.parts, keep)

    def home(self) -> tuple[str | None, Home]:
        """The account that is recorded, and at which API and in which region it is."""
        from voiceform.stack.records import home

        return home(self.parts)

    def accept_home(self, origin: str) -> Home:
        """Record that the account is at the API of this origin from now on."""
        from voiceform.stack.records import moved

        return moved(self.parts, origin)

    def pull(self) -> dict[str, Any]:
        """The whole state as one document, with phone numbers in clear."""
        from voiceform.stack.records import pulled

        return pulled(self.parts)

    def push(self, document: Mapping[str, Any]) -> None:
        """Put what `pull` gave in the place of what is there. Refused onto another lineage or a newer
        serial."""
        from voiceform.stack.records import pushed

        pushed(self.parts, document)

    def lock(self, *, dispatch: bool = False) -> LeaseRecord | None:
        """The lock as it stands, also when nobody holds it any more; `dispatch` means that of dispatchers."""
        from voiceform.stack.records import lock

        return lock(self.parts, dispatch=dispatch)

    def break_lock(self, reason: str, *, dispatch: bool = False) -> LeaseRecord:
        """Take the lock away from its holder, who can write nothing from then on. StateError when there is
        none."""
        from voiceform.stack.records import broken

        return broken(self.parts, reason, dispatch=dispatch)
