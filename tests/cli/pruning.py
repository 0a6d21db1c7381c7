"""An account with recordings, and what is left of it after a prune."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import requests

from tests.support import ACCOUNT, TOKEN, Result, Stack
from voiceform.model.clock import ManualClock

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
ALICE, BOB, CAROL = "+15558675310", "+15017122661", "+15552223333"

SAFETY = "safety: {max_recording_deletes: 100000, max_delete_percent: 100}\n"
"""Limits out of the way, for tests of something else."""


def re_sid(number: int) -> str:
    return f"RE{number:032x}"


def ca_sid(number: int) -> str:
    return f"CA{number:032x}"


def days_ago(days: float, now: datetime = NOW) -> str:
    return (now - timedelta(days=days)).isoformat()


def recording(number: int, days: float, now: datetime = NOW, **fields: Any) -> dict[str, Any]:
    """A seed: recording `number` of call `number`."""
    return {
        "sid": re_sid(number),
        "call_sid": ca_sid(number),
        "date_created": days_ago(days, now),
        **fields,
    }


def call(
    number: int, days: float, now: datetime = NOW, *, caller: str = BOB, **fields: Any
) -> dict[str, Any]:
    """A seed: call `number` from `caller`."""
    return {"sid": ca_sid(number), "date_created": days_ago(days, now), "from": caller, **fields}


class Pruner:
    """A stack at an instant, with the command and the account's view after it."""

    def __init__(self, stack: Stack, now: datetime = NOW) -> None:
        self.stack = stack
        self.clock = ManualClock(now)
        self.evidence = stack.folder / "evidence"

    def declare(self, text: str, safety: str = SAFETY) -> None:
        """Write the section `retention`, given without its own indentation."""
        lines = "".join(f"  {line}\n" for line in text.strip("\n").splitlines())
        self.stack.write(f"{safety}retention:\n{lines}")

    def seed(self, recordings: Iterable[dict[str, Any]] = (), calls: Iterable[dict[str, Any]] = ()) -> None:
        """Put recordings and calls into the account."""
        self.stack.emulator.seed({"recordings": list(recordings), "calls": list(calls)})

    def prune(self, *argv: str) -> Result:
        """Prune with evidence, without asking."""
        return self.stack.run("prune", "--auto-approve", "--evidence", "evidence", *argv, clock=self.clock)

    def pruned(self, *argv: str) -> Result:
        """Prune; must end with 0, and leave sound evidence of whatever was ever destroyed."""
        result = self.prune(*argv)
        assert result.code == 0, f"{result.code}\n{result.out}\n{result.err}"
        if self.evidence.exists():
            self.verify()
        return result

    def verify(self) -> Any:
        """The evidence must be sound and true to the account."""
        result = self.stack.run("prune", "verify", "evidence", "--format", "json")
        assert result.code == 0, result.out + result.err
        return result.json

    def plan(self) -> Any:
        """The plan as JSON."""
        return self.stack.run("plan", "--format", "json", clock=self.clock).json

    def left(self) -> set[int]:
        """The numbers of the recordings that the account still has."""
        return {int(sid[2:], 16) for sid in self._sids("Recordings", "recordings")}

    def calls_left(self) -> set[int]:
        """The numbers of the calls that the account still has."""
        return {int(sid[2:], 16) for sid in self._sids("Calls", "calls")}

    def lines(self, event: str = "recording") -> list[dict[str, Any]]:
        """The evidence of every run, one kind of event."""
        found = []
        for path in sorted(self.evidence.glob("*.jsonl")):
            found += [json.loads(line) for line in path.read_text().splitlines()]
        return [line for line in found if line["event"] == event]

    def statuses(self) -> dict[int, str]:
        """How each recording ended, the last word on each."""
        return {int(line["sid"][2:], 16): line["status"] for line in self.lines()}

    def _sids(self, path: str, key: str) -> list[str]:
        base = self.stack.account.base
        url: str | None = f"{base}/{path}.json?PageSize=1000"
        sids = []
        while url is not None:
            answer = requests.get(url, auth=(ACCOUNT, TOKEN), timeout=30).json()
            sids += [row["sid"] for row in answer[key]]
            following = answer.get("next_page_uri")
            url = self.stack.emulator.url + following if following else None
        return sids


def files_below(folder: Path) -> set[str]:
    """The paths of all files below a folder."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def plain(text: str) -> str:
    """Printed text without its line breaks."""
    return " ".join(text.split())
