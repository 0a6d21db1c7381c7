"""Deletions run on one processor, unless audio is copied first."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any, ClassVar, cast

import pytest

from tests.cli.pruning import call, recording
from tests.stack.conftest import Place
from tests.support import ACCOUNT
from voiceform.stack.account import Account
from voiceform.stack.parts import Parts
from voiceform.testing import ManualClock
from voiceform.twilio.client import Client

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
SAFETY = "safety: {max_recording_deletes: 100, max_delete_percent: 100}\n"
RECORDINGS = "retention: {recordings: [{name: all, keep: 30d}]}\n"
CALLS = "retention: {call_records: [{name: all, keep: 30d}]}\n"
COPIED = "retention: {recordings: [{name: all, keep: 30d, archive: {to: 'file://%s', format: wav}}]}\n"


class Looking(Parts):
    """Parts whose client looks, as it deletes, where it runs and in which thread."""

    seen: ClassVar[list[tuple[int, frozenset[int]]]] = []

    @contextmanager
    def writer(self, account: Account, may_send: Callable[[], None]) -> Iterator[Client]:
        with super().writer(account, may_send) as client:
            yield cast(Client, _Client(client, self.seen))


class _Client:
    def __init__(self, client: Client, seen: list[tuple[int, frozenset[int]]]) -> None:
        self._client, self._seen = client, seen

    def __getattr__(self, name: str) -> Any:
        if name.startswith("delete_"):
            self._seen.append((threading.get_ident(), frozenset(os.sched_getaffinity(0))))
        return getattr(self._client, name)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody may choose")
@pytest.mark.parametrize(("declared", "alone"), [(RECORDINGS, True), (CALLS, True), (COPIED, False)])
def test_deletions_run_on_one_processor_unless_audio_is_copied(
    place: Place, declared: str, alone: bool
) -> None:
    place.emulator.clock(now=NOW.isoformat())
    place.emulator.seed(
        {
            "account_sid": ACCOUNT,
            "recordings": [recording(number, 60 + number) for number in range(1, 21)],
            "calls": [call(number, 60 + number) for number in range(1, 21)],
        }
    )
    place.write(SAFETY + (declared % (place.folder / "copies") if "%s" in declared else declared))
    stack = place.stack(clock=ManualClock(NOW))
    looking = Looking(**{part.name: getattr(stack.parts, part.name) for part in fields(Parts)})
    stack.parts = looking
    looking.seen.clear()
    before = os.sched_getaffinity(0)
    assert stack.apply(stack.plan_prune()).exit_code == 0
    assert os.sched_getaffinity(0) == before
    assert len(looking.seen) == 20
    assert len({thread for thread, _ in looking.seen}) > 1
    there = {where for _, where in looking.seen}
    assert len(there) == 1
    assert len(there.pop()) == (1 if alone else len(before))
