"""What the tests of conferences share: a stack against both profiles of the API, and rooms in the account."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support import ACCOUNT, TOKEN, Result, Stack
from voiceform.emulator import Emulator
from voiceform.model.clock import ManualClock

BRIDGE = '{to: "+15558675310", from: "+15017122661"}'
NOW = datetime.fromisoformat("2026-11-24T12:00:00+00:00")


class Rooms(Stack):
    """A stack whose clock and the account's show the same time, and the account's rooms."""

    def __init__(
        self,
        folder: Path,
        emulator: Emulator,
        capsys: pytest.CaptureFixture[str],
        programs: Callable[[], Path] | None = None,
    ) -> None:
        super().__init__(folder, emulator, capsys, programs)
        self.clock = ManualClock(NOW)
        emulator.clock(now=NOW.isoformat(), frozen=True)

    def declare(self, body: str = "", *, name: str = "standup", more: str = "") -> None:
        """Declare one conference with this body (flow YAML lines)."""
        lines = "".join(f"    {line}\n" for line in body.splitlines() if line.strip())
        self.write(
            f"conferences:\n  {name}:\n{lines}{more}" if lines else f"conferences:\n  {name}: {{}}\n{more}"
        )

    def room(self, *participants: dict[str, Any], **fields: Any) -> str:
        """Put a live room into the account; its SID."""
        number = len(self.rooms(fields.get("friendly_name", "standup"), live=False))
        sid = fields.pop("sid", f"CF{number:02x}" + "c" * 30)
        room = {"friendly_name": "standup", "sid": sid, "date_created": NOW.isoformat(), **fields}
        self.emulator.seed(
            {"account_sid": ACCOUNT, "conferences": [{**room, "participants": list(participants)}]}
        )
        return str(sid)

    def get(self, path: str) -> Any:
        answer = requests.get(f"{self.account.base}/{path}", auth=(ACCOUNT, TOKEN), timeout=10)
        answer.raise_for_status()
        return answer.json()

    def rooms(self, name: str = "standup", *, live: bool = True) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.get(f"Conferences.json?FriendlyName={name}")["conferences"]
        return [room for room in found if not live or room["status"] != "completed"]

    def people(self, room: str) -> dict[str, dict[str, Any]]:
        """Participants by label (or call SID)."""
        found = self.get(f"Conferences/{room}/Participants.json")["participants"]
        return {person.get("label") or person["call_sid"]: person for person in found}

    def at(self, *argv: str) -> Result:
        """Run a command at the account's time."""
        return self.run(*argv, clock=self.clock)

    def apply(self, *argv: str) -> Result:
        result = self.at("apply", "--auto-approve", *argv)
        assert result.code == 0, f"{result.out}\n{result.err}"
        return result

    def plan(self, *argv: str) -> Any:
        result = self.at("plan", "--format", "json", "--show-numbers", *argv)
        assert result.code in (0, 4), result.err
        return json.loads(result.out)

    def code(self) -> int:
        """The exit code of plan --detailed-exitcode: 0 converged, 2 changes, 3 drift alone, 4 blocked."""
        return self.at("plan", "--detailed-exitcode").code

    def advance(self, seconds: int) -> None:
        """Move both clocks."""
        self.emulator.clock_advance(f"{seconds}s")
        self.clock.sleep(seconds)

    def params(self, operation: str) -> list[dict[str, Any]]:
        """The parameters of every request of an operation, oldest first."""
        return [entry["params"] for entry in self.emulator.requests(operation)]

    @property
    def later(self) -> datetime:
        return self.clock.now() + timedelta(seconds=1)


@pytest.fixture(scope="session", params=["twilio", "openapi"])
def profiled_emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    with Emulator(profile=request.param) as emulator:
        yield emulator


@pytest.fixture
def rooms(
    tmp_path: Path,
    profiled_emulator: Emulator,
    capsys: pytest.CaptureFixture[str],
    request: pytest.FixtureRequest,
) -> Rooms:
    profiled_emulator.reset()
    return Rooms(tmp_path, profiled_emulator, capsys, lambda: request.getfixturevalue("programs"))
