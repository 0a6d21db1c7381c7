"""Data for the tests of recorded state."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from voiceform.model.address import Address
from voiceform.model.plan import Action, Change, ConfigSource, Mode, Plan, StateVersion, Summary
from voiceform.model.resource import Recorded
from voiceform.model.run import Outcome, Status
from voiceform.model.store import Write
from voiceform.state.backend import LEASE_KEY, Guard
from voiceform.state.sqlite import SqliteStore

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINEAGE = "5f0c2f1e-8a43-4a50-9d1b-3d4d6f0f3a11"


def queue(name: str) -> Address:
    return Address("queue", name)


def sid_of(name: str) -> str:
    """A SID that follows from the name."""
    return f"QU{name.encode().hex():0>32}"


def recorded(name: str, **attributes: object) -> Recorded:
    return Recorded(queue(name), sid_of(name), {"friendly_name": name, "max_size": 100, **attributes})


def create(name: str, **details: object) -> Change:
    return Change(
        queue(name),
        Action.CREATE,
        "declared, and not in the account",
        operations=("createQueue",),
        after={"friendly_name": name},
        counts={"create:queue": 1},
        details=details,
    )


def applied(name: str) -> Outcome:
    return Outcome(queue(name), Action.CREATE, Status.APPLIED, sid=sid_of(name), request_id="RQ1")


def plan_of(changes: Sequence[Change], plan_id: str = "plan-1") -> Plan:
    return Plan(
        plan_id,
        NOW,
        "AC" + "0" * 32,
        ConfigSource("sha256:0", ("voiceform.yaml",)),
        StateVersion(None, 0),
        Mode.NORMAL,
        complete=True,
        summary=Summary(create=len(changes)),
        changes=tuple(changes),
    )


class CrashError(Exception):
    """The program is killed."""


class TornStore(SqliteStore):
    """Writes document by document, as object stores do, and dies after `lives` of them."""

    def __init__(self, path: Path, lives: int) -> None:
        super().__init__(path)
        self.lives = lives

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        versions: list[str | None] = []
        for write in writes:
            if self.lives == 0:
                raise CrashError
            self.lives -= 1
            versions += super().write_guarded((write,), guard, lease_key=lease_key)
        return tuple(versions)
