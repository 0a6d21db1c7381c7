"""A folder with a fleet about one emulator, driven through the real command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support import Result
from voiceform.cli import main
from voiceform.emulator import Emulator
from voiceform.model.clock import Clock

TOKEN = "token-of-the-fleet"


def sid(number: int) -> str:
    """An account of its own."""
    return f"AC{number:032x}"


class FleetFolder:
    """fleet.yaml and its stacks; commands run in this process unless they say --jobs."""

    def __init__(self, folder: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.emulator = emulator
        self.environ = {"TOKEN": TOKEN, "VOICEFORM_BASE_URL": emulator.url}
        self._capsys = capsys

    def write(self, name: str, text: str) -> Path:
        """A file below the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def of(self, *names: str, size: int = 100, more: str = "") -> None:
        """Stacks of a template with one queue, an account each."""
        self.write("template/voiceform.yaml", 'version: 1\nqueues: {support: {max_size: "${SIZE}"}}\n' + more)
        rows = [f"{name},{sid(number)},{size},ring{number % 2}" for number, name in enumerate(names, 1)]
        self.write("accounts.csv", "\n".join(["name,account,SIZE,label.ring", *rows, ""]))
        self.fleet("  - {template: template, csv: accounts.csv}\n")

    def fleet(self, stacks: str, head: str = "state: sqlite:///states/{stack}.db\n") -> None:
        """fleet.yaml with these entries."""
        credentials = "credentials: {token: {env: TOKEN}}\n"
        self.write("fleet.yaml", f"version: 1\n{head}{credentials}stacks:\n{stacks}")

    def run(self, *argv: str, clock: Clock | None = None) -> Result:
        """Run one command of the fleet."""
        jobs = () if {"--jobs", "--scheduler"} & {*argv} or argv[0] in ("show",) else ("--jobs", "1")
        return self.main("fleet", *argv, *jobs, clock=clock)

    def main(self, *argv: str, clock: Clock | None = None) -> Result:
        """Run any command in the folder."""
        self._capsys.readouterr()
        code = main(["-C", str(self.folder), *argv], environ=self.environ, clock=clock)
        captured = self._capsys.readouterr()
        return Result(code, captured.out, captured.err)

    def ok(self, *argv: str, **options: Any) -> Result:
        """Run one that must end with 0."""
        result = self.run(*argv, **options)
        assert result.code == 0, f"{argv} ended with {result.code}\n{result.out}\n{result.err}"
        return result

    def queues(self, number: int) -> dict[str, int]:
        """The live queues of an account, with their sizes."""
        url = f"{self.emulator.url}/2010-04-01/Accounts/{sid(number)}/Queues.json"
        found = requests.get(url, auth=(sid(number), TOKEN), timeout=10).json()["queues"]
        return {queue["friendly_name"]: queue["max_size"] for queue in found}

    def post(self, number: int, path: str, **fields: Any) -> Any:
        """Somebody else changes an account."""
        url = f"{self.emulator.url}/2010-04-01/Accounts/{sid(number)}/{path}"
        answer = requests.post(url, data=fields, auth=(sid(number), TOKEN), timeout=10)
        answer.raise_for_status()
        return answer.json()
