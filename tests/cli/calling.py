"""A stack with schedules, moved through time: the emulator's clock and the command's are one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support import Result, Stack
from voiceform.model.clock import ManualClock

TO, OTHER, BUSY = "+12125550101", "+12125550102", "+15005550010"
FROM = "+15017122661"
NINE = datetime(2026, 12, 1, 14, 0, tzinfo=UTC)
"""When the schedules of these tests are due: nine in New York."""

SCHEDULE = "{at: 2026-12-01T09:00:00, timezone: America/New_York}"


def calls(
    to: str | Iterable[str] = TO, schedule: str = SCHEDULE, answer: str = "{say: Hello}", **more: str
) -> str:
    """The configuration of one schedule, call.reminder."""
    numbers = [to] if isinstance(to, str) else list(to)
    lines = [
        "calls:",
        "  reminder:",
        f"    to: {[*numbers]}",
        f'    from: "{FROM}"',
        f"    schedule: {schedule}",
        f"    answer: {answer}",
        *(f"    {key}: {value}" for key, value in more.items()),
    ]
    return "\n".join(lines) + "\n"


class Timeline:
    """Runs commands of a stack at given moments."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack

    def at(self, moment: datetime, *argv: str) -> Result:
        """One command, with both clocks at `moment`."""
        self.stack.emulator.clock(now=moment.isoformat())
        return self.stack.run(*argv, clock=ManualClock(moment))

    def apply(self, moment: datetime, *argv: str) -> Result:
        """Plan and apply; must succeed."""
        result = self.at(moment, "apply", "--auto-approve", *argv)
        assert result.code == 0, result.out + result.err
        return result

    def ledger(self, moment: datetime = NINE) -> list[dict[str, Any]]:
        """The ledger without what is only due or planned, in the order of `calls list`."""
        result = self.at(moment, "calls", "list", "--format", "json", "--show-numbers")
        assert result.code in (0, 8), result.err
        return [row for row in result.json["calls"] if row["status"] not in ("planned", "due")]

    def statuses(self, moment: datetime = NINE) -> list[str]:
        """The statuses in the ledger."""
        return [row["status"] for row in self.ledger(moment)]

    def placed(self) -> list[str]:
        """The numbers of every createCall that the account received, oldest first."""
        return [entry["params"]["To"] for entry in self.stack.emulator.requests("createCall")]


def after(seconds: float = 0, **span: float) -> datetime:
    """A moment after nine."""
    return NINE + timedelta(seconds=seconds, **span)
