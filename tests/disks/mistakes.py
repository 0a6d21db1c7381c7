"""Mistakes that are made on purpose, each found by the tests of disks."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voiceform.cli.support import reporting
from voiceform.engine import planfile
from voiceform.fleet import folder
from voiceform.kinds.retention.evidence.folder import _Appending as appending
from voiceform.kinds.retention.evidence.log import EvidenceLog
from voiceform.model import refusals
from voiceform.model.errors import StateError
from voiceform.state.sqlite import SqliteStore


@dataclass(frozen=True, slots=True)
class Mistake:
    """One mistake, which `make` makes in this process. It shows in `scene`, by a fault with `expected` in it:
    on the disk `spoilt` that fails at one of the first steps with `step` in their names, or, where there is
    none, in the trouble of that name."""

    make: Callable[[], None]
    scene: str
    spoilt: str
    step: str | None
    expected: str


def _put(holder: object, name: str, value: object) -> None:
    """Put something in the place of what is there, which a mistake of before may not be any more."""
    assert hasattr(holder, name)
    setattr(holder, name, value)


def evidence_is_hoped_for() -> None:
    """What cannot be written of the evidence is passed over."""

    def hoping(_: EvidenceLog, storing: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(OSError):
            storing(*args)

    _put(EvidenceLog, "_done", hoping)


def state_is_hoped_for() -> None:
    """What cannot be written into the state is passed over."""
    written = SqliteStore.write_guarded

    def hoping(store: SqliteStore, writes: Any, *args: Any, **options: Any) -> tuple[str | None, ...]:
        try:
            return written(store, writes, *args, **options)
        except StateError:
            return ("hoped",) * len(writes)

    _put(SqliteStore, "write_guarded", hoping)


def files_are_written_in_place() -> None:
    """Plans and reports are written over what was there."""

    def in_place(path: Path, content: str | bytes, **_: object) -> None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    for module in (planfile, reporting):
        _put(module, "write_whole", in_place)


def plans_go_first() -> None:
    """Plans of before are removed before there are new ones."""
    planning = folder.planning

    @contextmanager
    def emptied(path: Path) -> Iterator[Path]:
        for name in path.iterdir():
            name.unlink()
        with planning(path) as place:
            yield place

    _put(folder, "planning", emptied)


def errors_pass() -> None:
    """What SQLite says goes to the person as it is."""
    _put(SqliteStore, "_errors", lambda _: contextlib.nullcontext())


def what_is_open_is_there() -> None:
    """A state that is another by now is written to all the same."""
    _put(SqliteStore, "_require_same", lambda _: None)


def evidence_stays() -> None:
    """Evidence that is another by now is written to all the same."""
    _put(appending, "sync", lambda sink: os.fsync(sink._descriptor))


def no_machine_refuses() -> None:
    """What the machine refuses is a defect."""
    _put(refusals, "_missing", lambda _: None)


MISTAKES: dict[str, Mistake] = {
    "evidence is hoped for": Mistake(
        evidence_is_hoped_for,
        "prune",
        "full for a moment",
        "write 000001.jsonl",
        "the evidence has a line that is torn",
    ),
    "state is hoped for": Mistake(
        state_is_hoped_for, "dispatch", "full", "write state.db-wal", "phoned too often"
    ),
    "files are written in place": Mistake(
        files_are_written_in_place,
        "plan with reports",
        "full",
        "write plan.json",
        "plan.json is half written",
    ),
    "plans go first": Mistake(
        plans_go_first, "fleet plan --out, again", "full", "write .", "plans/index.json is gone"
    ),
    "errors pass": Mistake(errors_pass, "state mv", "broken", "sync", "said 'failed unexpectedly'"),
    "what is open is there": Mistake(
        what_is_open_is_there,
        "dispatch",
        "the state is another after 40% of the requests",
        None,
        "phoned too often",
    ),
    "evidence stays": Mistake(
        evidence_stays,
        "prune",
        "the evidence is another after 40% of the requests",
        None,
        "is gone without a line of evidence",
    ),
    "no machine refuses": Mistake(
        no_machine_refuses, "apply", "1 more files may be open", None, "said 'failed unexpectedly'"
    ),
}
