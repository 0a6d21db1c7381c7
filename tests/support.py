"""What tests of several folders share: a stack on disk, driven through the real command line."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.warm.started import Started
from voiceform.cli import main
from voiceform.emulator import Emulator
from voiceform.model.clock import Clock

ACCOUNT = "AC" + "a" * 32
TOKEN = "token-for-tests"


@dataclass(frozen=True, slots=True)
class Result:
    """One finished command."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """stdout as one JSON document."""
        return json.loads(self.out)


class Account:
    """The emulated account as somebody beside voiceform sees and changes it."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator
        self.base = f"{emulator.url}/2010-04-01/Accounts/{ACCOUNT}"

    def queues(self) -> dict[str, Any]:
        """Live queues by friendly name."""
        answer = requests.get(f"{self.base}/Queues.json?PageSize=1000", auth=(ACCOUNT, TOKEN), timeout=10)
        return {queue["friendly_name"]: queue for queue in answer.json()["queues"]}

    def post(self, path: str, **fields: Any) -> Any:
        """POST a form below the account; the answer's JSON."""
        answer = requests.post(f"{self.base}/{path}", data=fields, auth=(ACCOUNT, TOKEN), timeout=10)
        answer.raise_for_status()
        return answer.json()

    def delete(self, path: str) -> None:
        """DELETE below the account."""
        requests.delete(f"{self.base}/{path}", auth=(ACCOUNT, TOKEN), timeout=10).raise_for_status()

    def writes(self) -> list[str]:
        """The operations of every POST and DELETE that the server received, oldest first."""
        return [entry["operation"] for entry in self.emulator.requests() if entry["method"] != "GET"]


class Stack:
    """A folder with configuration and state, and the command line in it."""

    def __init__(
        self,
        folder: Path,
        emulator: Emulator,
        capsys: pytest.CaptureFixture[str],
        programs: Callable[[], Path] | None = None,
    ) -> None:
        self.folder = folder
        self.account = Account(emulator)
        self.emulator = emulator
        self.environ = {
            "TWILIO_ACCOUNT_SID": ACCOUNT,
            "TWILIO_AUTH_TOKEN": TOKEN,
            "VOICEFORM_BASE_URL": emulator.url,
        }
        self._capsys = capsys
        self._programs = programs

    def write(self, text: str, name: str = "voiceform.yaml") -> Path:
        """Write a configuration file; `version: 1` is put in front where it is missing."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text if "version:" in text else f"version: 1\n{text}", encoding="utf-8")
        return path

    def queues(self, **sizes: int) -> None:
        """Declare queues of these keys and sizes."""
        lines = [f"  {key}: {{max_size: {size}}}\n" for key, size in sizes.items()]
        self.write("queues:\n" + "".join(lines) if lines else "queues: {}\n")

    def run(self, *argv: str, clock: Clock | None = None, environ: dict[str, str] | None = None) -> Result:
        """Run one command in the folder."""
        self._capsys.readouterr()
        code = main(
            ["-C", str(self.folder), *argv], environ=self.environ if environ is None else environ, clock=clock
        )
        captured = self._capsys.readouterr()
        return Result(code, captured.out, captured.err)

    def ok(self, *argv: str, **options: Any) -> Result:
        """Run one command that must end with 0."""
        result = self.run(*argv, **options)
        assert result.code == 0, f"{argv} ended with {result.code}\n{result.out}\n{result.err}"
        return result

    def start(self, *argv: str, environ: Mapping[str, str] | None = None, text: str = "") -> Started:
        """Start one command in a process of its own, in the folder."""
        assert self._programs is not None
        added = {**os.environ, **self.environ, **(environ or {})}
        return Started(self._programs(), argv, self.folder, added, text)

    def apply(self, *argv: str) -> Result:
        """Plan and apply without asking; must succeed."""
        return self.ok("apply", "--auto-approve", *argv)


def addresses(items: Sequence[dict[str, Any]]) -> list[str]:
    """The addresses of JSON changes."""
    return [item["address"] for item in items]
