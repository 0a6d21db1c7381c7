"""Placing due calls, under the lock of dispatchers; reads no configuration."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from voiceform.dispatch.passes import DispatchContext
from voiceform.dispatch.service import DispatchReport, dispatch_once, watch
from voiceform.kinds.lost import LostAnswers
from voiceform.kinds.turns import Turns
from voiceform.stack.parts import Parts
from voiceform.state.meta import require_home
from voiceform.state.side_lease import DISPATCH_LEASE, SideLease

if TYPE_CHECKING:
    from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
    from voiceform.model.address import Address

OnCall = Callable[["Address", "Key", "LedgerEntry | None"], None]
"""Hears of every key of a ledger that was dealt with."""


def once(parts: Parts, *, on_call: OnCall, lock_timeout: timedelta) -> DispatchReport:
    """Place what is due now."""
    with _dispatching(parts, on_call, lock_timeout) as context:
        return dispatch_once(context)


def service(
    parts: Parts,
    *,
    poll: timedelta,
    on_call: OnCall,
    on_look: Callable[[DispatchReport], None],
    lock_timeout: timedelta,
) -> DispatchReport:
    """Place what becomes due until the stack is to stop."""
    with _dispatching(parts, on_call, lock_timeout) as context:
        return watch(context, poll=poll, on_look=on_look)


@contextmanager
def _dispatching(parts: Parts, on_call: OnCall, lock_timeout: timedelta) -> Iterator[DispatchContext]:
    account = parts.account_for(None)
    with (
        parts.recorded_state() as store,
        parts.locked(SideLease(store, DISPATCH_LEASE), "dispatch", wait=lock_timeout) as lease,
        parts.writer(account, lease.ensure_held) as client,
    ):
        require_home(store, account.sid, account.origin)
        context = DispatchContext(
            client=client,
            store=store,
            clock=parts.clock,
            places=parts.places,
            may_send=lease.ensure_held,
            stop=parts.stop,
            hide=parts.listener.known,
            tell=on_call,
            turns=Turns(parts.clock.runtime),
            lost=LostAnswers(parts.clock.runtime),
        )
        # Only now: who stands by holds nothing, and may be ended at once.
        with parts.signals.working():
            yield context
