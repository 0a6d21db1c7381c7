"""Writes the evidence of one run: appended line by line, synced as it goes, never rewritten."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from voiceform.kinds.retention.evidence.chain import (
    FORMAT_VERSION,
    SUFFIX,
    Head,
    files_of,
    linked,
    number_of,
    read_lines,
    repair,
)
from voiceform.kinds.retention.evidence.summary import Summary
from voiceform.model.clock import Clock
from voiceform.model.errors import EvidenceError, VoiceformError
from voiceform.model.plan_codec import instant_to_text

_SYNC_LINES = 64
_SYNC_SECONDS = 0.2
"""A line says what has happened, never what will: one that a power failure takes is found again by the next
run, which looks for everything that the dead one had planned. So lines are synced in small batches."""


class EvidenceLog:
    """One run's evidence in a folder; use it in a `with` statement. Safe for many threads.

    Opening it takes the folder for this run alone, repairs the last file if a kill tore its last line, and
    writes the first line. Leaving it writes the closing line, the summary and the page.
    """

    def __init__(
        self, folder: Path, *, clock: Clock, who: str, account_sid: str, command: Sequence[str], version: str
    ) -> None:
        self._clock = clock
        self._who = who
        self._lock = threading.Lock()
        self._broken: str | None = None
        self._pending = 0
        self._synced_at = time.monotonic()
        self._head = Head()
        self.folder = folder
        self._guard = _claim(folder)
        try:
            files = files_of(folder)
            dropped = repair(files[-1]) if files else 0
            previous = _previous(files)
            self.path = folder / self._name(files)
            self._file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            _sync_folder(folder)
        except OSError as error:
            os.close(self._guard)
            raise _unusable(folder, error) from error
        except BaseException:
            os.close(self._guard)
            raise
        self.summary = Summary(self.path.name, account_sid, who)
        self.add(
            {
                "event": "opened",
                "format_version": FORMAT_VERSION,
                "account_sid": account_sid,
                "command": list(command),
                "voiceform": version,
                "previous": previous,
            }
        )
        if dropped:
            self.add({"event": "repaired", "file": files[-1].name, "dropped_bytes": dropped})

    @property
    def head(self) -> str:
        """The hash of the last line."""
        return self._head.hash

    def ensure_open(self) -> None:
        """Raise EvidenceError once a line could not be written."""
        if self._broken is not None:
            raise EvidenceError(
                self._broken, where=str(self.path), hint="nothing more is deleted without evidence"
            )

    def add(self, event: Mapping[str, Any]) -> None:
        """Append one line. EvidenceError when it cannot be written, and for every line after."""
        with self._lock:
            self.ensure_open()
            line = {**event, "at": instant_to_text(self._clock.now()), "who": self._who}
            data, head = linked(line, self._head)
            with self._breaking():
                _write(self._file, data)
            self._head = head
            self.summary.count({**line, "hash": head.hash})
            due = self._is_due()
        if due:
            # Only this thread waits for the disk; the others go on to write their lines.
            with self._breaking():
                os.fsync(self._file)

    def taken_down(self, run_id: str) -> frozenset[str]:
        """The SIDs that earlier files have lines of, for one run; EvidenceError for a broken file."""
        sids: set[str] = set()
        for path in reversed(files_of(self.folder)):
            began = False
            for line in read_lines(path):
                if line.get("run") == run_id:
                    began = began or line["event"] == "rule"
                    if "sid" in line:
                        sids.add(line["sid"])
            if began:
                break
        return frozenset(sids)

    def abandon(self) -> None:
        """Give the folder back as it is: the run did not end in order, and the next one says so."""
        os.close(self._file)
        os.close(self._guard)

    def close(self) -> None:
        """Write the closing line, the summary and the page, and give the folder back."""
        from voiceform.kinds.retention.evidence.page import page

        try:
            if self._broken is None:
                self.add({"event": "closed", "totals": self.summary.totals()})
                os.fsync(self._file)
                text = self.summary.text(self.head)
                write_whole(self.path.with_suffix(".summary.json"), text)
                write_whole(self.path.with_suffix(".html"), page(self.summary.document(self.head)))
        except OSError as error:
            raise _unusable(self.folder, error) from error
        finally:
            self.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or isinstance(error, VoiceformError):
            self.close()
        else:
            self.abandon()

    @contextmanager
    def _breaking(self) -> Iterator[None]:
        """What cannot be written ends the evidence, and with it the run."""
        try:
            yield
        except OSError as error:
            self._broken = f"the evidence cannot be written: {(error.strerror or 'unknown error').lower()}"
            self.ensure_open()

    def _is_due(self) -> bool:
        """Count a line; whether it is time to sync, which the caller then does."""
        self._pending += 1
        now = time.monotonic()
        if self._pending < _SYNC_LINES and now - self._synced_at < _SYNC_SECONDS:
            return False
        self._pending, self._synced_at = 0, now
        return True

    def _name(self, files: Sequence[Path]) -> str:
        number = number_of(files[-1]) + 1 if files else 1
        return f"{number:06}-{self._clock.now():%Y%m%dT%H%M%SZ}{SUFFIX}"


def write_whole(path: Path, text: str) -> None:
    """Write a file for its owner only, whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    _sync_folder(path.parent)


def _previous(files: Sequence[Path]) -> dict[str, Any] | None:
    """The last file that holds a line, checked, and the hash of its last line."""
    for path in reversed(files):
        head = None
        for line in read_lines(path):
            head = line["hash"]
        if head is not None:
            return {"file": path.name, "hash": head}
    return None


def _claim(folder: Path) -> int:
    """Make the folder, and hold it for this process; EvidenceError when another run writes into it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / ".lock", os.O_WRONLY | os.O_CREAT, 0o600)
    except OSError as error:
        raise _unusable(folder, error) from error
    try:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except ImportError:
        pass
    except OSError as error:
        os.close(descriptor)
        raise EvidenceError(
            "another run writes into this folder",
            where=str(folder),
            hint="wait for it, or use another folder",
        ) from error
    return descriptor


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _unusable(folder: Path, error: OSError) -> EvidenceError:
    return EvidenceError(
        f"the evidence cannot be written: {(error.strerror or 'unknown error').lower()}",
        where=str(folder),
        hint="nothing is deleted without it; name another folder with --evidence",
    )
