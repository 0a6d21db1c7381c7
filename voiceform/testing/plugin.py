"""What pytest has as soon as voiceform is installed: two fixtures, and the cases of `*.voiceform.yaml`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from voiceform.stack.stack import Stack
    from voiceform.testing.emulated import Emulator

_LEFT_BEHIND = shutil.ignore_patterns(".*", "evidence", "node_modules", "__pycache__")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The tests of a file that ends in .voiceform.yaml or .voiceform.yml."""
    if not file_path.name.endswith((".voiceform.yaml", ".voiceform.yml")):
        return None
    from voiceform.testing.collecting import CaseCollector

    return CaseCollector.from_parent(parent, path=file_path)


@pytest.fixture(scope="session")
def _twilio_emulator_server() -> Iterator[Emulator]:
    """One server for all tests of a process."""
    from voiceform.testing.emulated import Emulator

    with Emulator() as emulator:
        yield emulator


@pytest.fixture
def twilio_emulator(_twilio_emulator_server: Emulator) -> Emulator:
    """An emulated account without data, faults or log, at the beginning of its time."""
    _twilio_emulator_server.reset()
    return _twilio_emulator_server


@pytest.fixture
def voiceform_stack(twilio_emulator: Emulator, tmp_path: Path) -> StackMaker:
    """Makes stacks about `twilio_emulator`: `voiceform_stack(TEXT)`, or `voiceform_stack(Path(...))`."""
    return StackMaker(twilio_emulator, tmp_path)


class StackMaker:
    """Makes stacks about an emulated account, with its clock, in a folder that is the test's own."""

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self._emulator = emulator
        self._folder = folder

    def __call__(self, configuration: str | Path, **options: Any) -> Stack:  # noqa: ANN401 - of Stack
        """A stack of a configuration: its text, or where it is.

        A file or folder is copied with everything beside it but hidden files and evidence, so that nothing
        is written there. `options` are those of `voiceform.Stack`. What `environ` holds is added to
        TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN of the account; nothing else of the environment is seen.
        A second stack of the same test has the same state.
        """
        from voiceform.stack.stack import Stack

        account = options.pop("account", self._emulator.account)
        environ = {
            "TWILIO_ACCOUNT_SID": account.sid,
            "TWILIO_AUTH_TOKEN": account.credentials.password,
            **options.pop("environ", {}),
        }
        folder = self._folder / "stack"
        named = self._put(configuration, folder)
        return Stack(
            *named,
            **{
                "folder": folder,
                "state": f"sqlite:///{self._folder / 'state.db'}",
                "account": account,
                "environ": environ,
                "clock": self._emulator.time,
                **options,
            },
        )

    def _put(self, configuration: str | Path, folder: Path) -> tuple[str, ...]:
        """Put the configuration into the folder, in the place of an earlier one, and name its file."""
        if isinstance(configuration, str):
            if ":" not in configuration:
                raise ValueError(
                    f"{configuration!r} is no text of a configuration; say Path({configuration!r})"
                )
            folder.mkdir(exist_ok=True)
            (folder / "voiceform.yaml").write_text(configuration, encoding="utf-8")
            return ("voiceform.yaml",)
        source = configuration if configuration.is_dir() else configuration.parent
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(source, folder, ignore=_LEFT_BEHIND)
        return () if configuration.is_dir() else (configuration.name,)
