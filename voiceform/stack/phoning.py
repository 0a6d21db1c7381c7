"""What a stack does about calls at once, by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from voiceform.stack.parts import Parts

if TYPE_CHECKING:
    from voiceform.kinds.call.ledger.pauses import Pause
    from voiceform.kinds.call.spec import CallSpec
    from voiceform.stack.cancelling import Cancellation
    from voiceform.stack.trying import TriedCall


class CallOperations:
    """Pausing, taking back and trying calls. Nothing here waits for a lock that others hold for long."""

    parts: Parts

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
