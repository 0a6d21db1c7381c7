"""What becomes of the schedules of a run that died."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.kinds.call.specs import ADDRESS, BOB, US, attributes
from tests.support import ACCOUNT, TOKEN
from voiceform.emulator import Emulator
from voiceform.kinds.base import Session
from voiceform.kinds.call.act import settle
from voiceform.kinds.call.details import CallDetails, DueCall
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.kinds.call.spec import digest_of
from voiceform.model.clock import ManualClock
from voiceform.model.plan import Action, Change
from voiceform.state.meta import bump_serial
from voiceform.state.sqlite import SqliteStore
from voiceform.twilio.client import open_client
from voiceform.twilio.credentials import Credentials

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BEFORE = attributes(to=[BOB, US], ledger="call.pulse")
AFTER = attributes(to=[BOB], ledger="call.pulse")
CHANGE = Change(
    address=ADDRESS,
    action=Action.UPDATE,
    reason="changed",
    operations=("createCall",),
    before=BEFORE,
    after=AFTER,
    details=CallDetails(due=(DueCall(Key(NOON, BOB), NOON),)).to_document(),
)


def in_turn(function: Callable[[Any], Any], items: Iterable[Any], /, **_: Any) -> Iterable[Any]:
    return [function(item) for item in items]


@pytest.mark.parametrize("begun", [False, True])
def test_a_version_that_is_registered_by_settling_is_in_force(
    tmp_path: Path, emulator: Emulator, begun: bool
) -> None:
    """Also where the run died before it had said so: whoever is at work on the old one stops."""
    clock = ManualClock(NOON)
    with (
        SqliteStore(tmp_path / "state.db") as store,
        open_client(
            Credentials(ACCOUNT, ACCOUNT, TOKEN), emulator.url, read_only=False, clock=clock
        ) as client,
    ):
        bump_serial(store)
        ledger = Ledger(store, "call.pulse")
        ledger.set_head(account=ACCOUNT, since=NOON, applied=digest_of(BEFORE))
        if begun:
            ledger.change(Key(NOON, BOB), lambda _: LedgerEntry(CallStatus.ANSWERED, NOON, "CA" + "0" * 32))
        found = settle([CHANGE], Session(client, store, clock, "run", {}, in_turn))
        assert [done.recorded and done.recorded.attributes for done in found.values()] == [AFTER] * begun
        assert ledger.head().applied == digest_of(AFTER if begun else BEFORE)
