"""An account with its emulator, and a folder, for stacks that are used from Python."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import voiceform
from tests.support import ACCOUNT, TOKEN, Account
from voiceform.emulator import Emulator


@dataclass(frozen=True, slots=True)
class Place:
    """A folder with a configuration, and the account that it is about."""

    folder: Path
    emulator: Emulator

    @property
    def live(self) -> Account:
        """The account as somebody beside voiceform sees it."""
        return Account(self.emulator)

    @property
    def account(self) -> voiceform.Account:
        return voiceform.Account.with_token(ACCOUNT, TOKEN, base_url=self.emulator.url)

    def write(self, text: str) -> None:
        (self.folder / "voiceform.yaml").write_text(f"version: 1\n{text}", encoding="utf-8")

    def queues(self, **sizes: int) -> None:
        lines = [f"  {key}: {{max_size: {size}}}\n" for key, size in sizes.items()]
        self.write("queues:\n" + "".join(lines) if lines else "queues: {}\n")

    def stack(self, **options: Any) -> voiceform.Stack:
        """The stack of the folder, without anything of the environment."""
        return voiceform.Stack(**{"folder": self.folder, "account": self.account, "environ": {}, **options})


@pytest.fixture
def place(tmp_path: Path, emulator: Emulator) -> Place:
    return Place(tmp_path, emulator)
