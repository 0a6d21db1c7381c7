"""What a stack does about calls: foresee, place, pause, take back and try them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.stack.arguments import check_lasts
from voiceform.stack.parts import Parts

if TYPE_CHECKING:
    from voiceform.dispatch.service import DispatchReport
    from voiceform.kinds.call.ledger.pauses import Pause
    from voiceform.kinds.call.preview import PeoplePreview, Preview
    from voiceform.kinds.call.spec import CallSpec
    from voiceform.stack.cancelling import Cancellation
    from voiceform.stack.dispatching import OnCall
    from voiceform.stack.trying import TriedCall

STAND_BY = timedelta(days=3650)
"""For ever, as a time to wait for a lock."""


class CallOperations:
    """Foreseeing, placing, pausing, taking back and trying calls. But for placing what is due, nothing here
    waits for a lock that others hold for long."""

    parts: Parts

    def schedule(self, start: datetime, end: datetime, *, addresses: Iterable[str] = ()) -> Iterator[Preview]:
        """The occurrences of the declared schedules (of these `addresses`, if any are named) in that time:
        when, how many calls, and who is not called and why. Reads the configuration and its lists, and of the
        state which schedules are paused."""
        from voiceform.stack.previewing import occurrences

        return occurrences(self.parts, start, end, addresses)

    def schedule_people(
        self,
        start: datetime,
        end: datetime,
        *,
        addresses: Iterable[str] = (),
        instead: Sequence[str] | None = None,
    ) -> Iterator[PeoplePreview]:
        """As `schedule`, person by person: when each is called, in which zones, or why not. With `instead` as
        if these numbers were to be called."""
        from voiceform.stack.previewing import people

        return people(self.parts, start, end, addresses, instead)

    def dispatch_once(
        self, *, on_call: OnCall | None = None, lock_timeout: timedelta = timedelta(0)
    ) -> DispatchReport:
        """Place the calls of applied schedules that are due now, each at most once; reads no configuration.

        `on_call` hears of each as it is dealt with, with the entry of the ledger. LockedError when another
        dispatcher is at work for longer than `lock_timeout`.
        """
        from voiceform.stack.dispatching import once

        return once(self.parts, on_call=on_call or _unheard, lock_timeout=lock_timeout)

    def watch(
        self,
        *,
        poll: timedelta = timedelta(seconds=15),
        on_call: OnCall | None = None,
        on_look: Callable[[DispatchReport], None] | None = None,
        lock_timeout: timedelta = STAND_BY,
    ) -> DispatchReport:
        """Go on placing what becomes due until `stop` of the stack is set; as `dispatch_once`.

        Looks every `poll` at the state for new schedules; `on_look` hears after each round how things stand.
        Stands by while another dispatcher is at work.
        """
        from voiceform.stack.dispatching import service

        check_lasts(poll=poll)
        return service(
            self.parts,
            poll=poll,
            on_call=on_call or _unheard,
            on_look=on_look or _unheard,
            lock_timeout=lock_timeout,
        )

    def pause_calls(self, address: str | None, *, reason: str | None = None) -> Pause | None:
        """Let no call of a schedule be placed from now on, in whatever process; of no schedule at all, also
        none that is applied later, with None. Takes no lock. The pause that stood before, if one did.

        What becomes due meanwhile is not placed; once resumed, `misfire_grace` says what is too late.
        """
        from voiceform.stack.pausing import paused

        return paused(self.parts, address, reason)

    def resume_calls(self, address: str | None) -> tuple[Pause | None, Pause | None]:
        """End a pause; None means that of everything. The pause that was ended, if there was one, and one
        that still keeps calls from being placed."""
        from voiceform.stack.pausing import resumed

        return resumed(self.parts, address)

    def cancel_calls(
        self,
        address: str,
        *,
        occurrence: datetime | None = None,
        queued: bool = False,
        live: bool = False,
        confirm: Callable[[Cancellation], bool],
    ) -> Cancellation:
        """Take back the calls of an occurrence; of those that are under way when none is named, else of the
        next one. What is to come is never placed; `queued` also cancels what Twilio has and nobody has
        answered, `live` also hangs up. `confirm` sees how many, and lets it be done by returning True.

        Takes no lock that others hold for long. UsageError for an occurrence that there is not, and
        NotApprovedError.
        """
        from voiceform.stack.cancelling import Extent, canceled

        extent = Extent.LIVE if live else Extent.QUEUED if queued else Extent.TO_COME
        return canceled(self.parts, address, occurrence, extent, confirm)

    def test_call(self, address: str, to: str, *, confirm: Callable[[CallSpec, str], bool]) -> TriedCall:
        """Place one call to one number now, as the applied schedule would: its caller, its answer, its lists
        and calling hours. `confirm` lets it be done by returning True. At most once, as every call.

        UsageError for what is not one number that can be phoned, BlockedError where the schedule would not
        phone it now or is paused by command, and NotApprovedError. A lost answer is in the result as unknown.
        """
        from voiceform.stack.trying import tried

        return tried(self.parts, address, to, confirm)


def _unheard(*_: object) -> None:
    """Nobody listens."""
