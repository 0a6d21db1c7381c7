"""A rename that dies between two of its documents, where these are written one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import voiceform
from tests.support import ACCOUNT, TOKEN
from voiceform.emulator import Emulator
from voiceform.model.clock import ManualClock
from voiceform.model.store import Write
from voiceform.stack.parts import Parts
from voiceform.state.backend import LEASE_KEY, Backend, Guard
from voiceform.state.sqlite import SqliteStore

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BEFORE = """\
version: 1
queues:
  support: {max_size: 10}
calls:
  reminder: &call
    to: ["+12125550101"]
    from: "+15017122661"
    schedule: {at: 2026-03-09T12:00:00, timezone: UTC}
    answer: {say: Hello}
"""
AFTER = BEFORE.replace("support: {", "helpdesk: {friendly_name: support, aliases: [support], ").replace(
    "reminder: &call", "appointment:\n    aliases: [reminder]"
)


class Killed(BaseException):
    """The process is gone."""


class OneByOne(SqliteStore):
    """Writes documents one by one, and dies before it writes that of a certain key."""

    last = ""
    dead = False

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        versions: tuple[str | None, ...] = ()
        for write in writes:
            if self.dead or (self.last in write.key and "heads" not in write.key):
                self.dead = True
                raise Killed
            versions += super().write_guarded([write], guard, lease_key=lease_key)
        return versions


@dataclass(frozen=True, slots=True)
class Dying(Parts):
    last: str = ""

    @contextmanager
    def opened_store(self) -> Iterator[Backend]:
        with OneByOne(self.folder / "state.db") as store:
            store.last = self.last
            yield store


def stack(folder: Path, emulator: Emulator, at: datetime, last: str | None = None) -> voiceform.Stack:
    made = voiceform.Stack(
        folder=folder,
        state=f"sqlite:///{folder}/state.db",
        account=voiceform.Account.with_token(ACCOUNT, TOKEN, base_url=emulator.url),
        environ={},
        clock=ManualClock(at),
        parallelism=1,
    )
    if last is not None:
        made.parts = Dying(**{item.name: getattr(made.parts, item.name) for item in fields(Parts)}, last=last)
    return made


@pytest.mark.parametrize(
    "last", ["queue.helpdesk", "queue.support", "call.appointment", "call.reminder", "/outcomes/"]
)
def test_a_rename_that_died_is_ended_by_the_next_run(tmp_path: Path, emulator: Emulator, last: str) -> None:
    (tmp_path / "voiceform.yaml").write_text(BEFORE)
    stack(tmp_path, emulator, NOON).apply(confirm=lambda _: True)
    [queue] = [item.sid for item in stack(tmp_path, emulator, NOON).recorded().values() if item.sid]
    (tmp_path / "voiceform.yaml").write_text(AFTER)
    with pytest.raises(Killed):
        stack(tmp_path, emulator, NOON, last).apply(confirm=lambda _: True)
    later = stack(tmp_path, emulator, NOON + timedelta(hours=1))
    later.apply(confirm=lambda _: True)
    recorded = {str(address): item for address, item in later.recorded().items()}
    assert sorted(recorded) == ["call.appointment", "queue.helpdesk"]
    assert recorded["queue.helpdesk"].sid == queue
    assert recorded["call.appointment"].attributes["ledger"] == "call.reminder", "who was called is known"
    assert len(emulator.requests("createQueue")) == 1
    assert not later.plan().pending
