"""The examples with scheduled calls do what their comments say."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.calling import Timeline
from tests.support import Stack

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def copy(stack: Stack, name: str) -> None:
    shutil.copytree(EXAMPLES / name, stack.folder, dirs_exist_ok=True)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


def test_appointment_reminders(stack: Stack, time: Timeline) -> None:
    copy(stack, "appointment-reminders")
    assert time.at(utc(2026, 11, 30, 12), "validate").code == 0
    time.apply(utc(2026, 11, 30, 12))
    assert time.at(utc(2026, 11, 30, 12), "plan", "--detailed-exitcode").code == 0
    assert time.at(utc(2026, 11, 30, 22, 0, 5), "dispatch", "--once").code == 0
    assert time.placed() == ["+12125550101", "+12125550102", "+14155550103"]
    statuses = {row["to"]: row["status"] for row in time.ledger(utc(2026, 11, 30, 22, 1))}
    assert statuses["+12125550104"] == "suppressed"
    assert time.at(utc(2026, 12, 1, 15, 30, 1), "dispatch", "--once").code == 0
    assert time.placed()[3:] == ["+12125550142", "+12125550187"]
    assert time.at(utc(2026, 12, 1, 15, 45), "plan", "--detailed-exitcode").code == 0


def test_maintenance_window(stack: Stack, time: Timeline) -> None:
    copy(stack, "maintenance-window")
    time.apply(utc(2026, 3, 1))
    assert time.at(utc(2026, 3, 1), "plan", "--detailed-exitcode").code == 0
    # 8 March has no half past two; the window of that night opens at half past three.
    assert time.at(utc(2026, 3, 8, 7, 29), "dispatch", "--once").out.startswith(
        "call.autumn: nothing was due"
    )
    time.at(utc(2026, 3, 8, 7, 30, 2), "dispatch", "--once")
    assert len(time.placed()) == 1
    # On 1 November half past one comes at 5:30 and at 6:30 UTC; only the first one is meant.
    time.apply(utc(2026, 11, 1))
    for hour in (5, 6):
        time.at(utc(2026, 11, 1, hour, 30, 2), "dispatch", "--once")
    assert len(time.placed()) == 2
    rows = [row["occurrence"] for row in time.ledger(utc(2026, 11, 1, 7)) if row["address"] == "call.autumn"]
    assert rows == ["2026-11-01T05:30:00Z"]
