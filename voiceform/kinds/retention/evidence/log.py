"""Writes the evidence of one run: line after line, stored as it goes, never rewritten."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

from voiceform.kinds.retention.evidence.chain import FORMAT_VERSION, Head, linked, read_lines
from voiceform.kinds.retention.evidence.places import PAGE, SUMMARY, File, Place, files_in, taken
from voiceform.kinds.retention.evidence.summary import PLANNED, REMOVED, Summary
from voiceform.kinds.retention.storage.buckets import reason_of
from voiceform.model.clock import Clock
from voiceform.model.errors import EvidenceError, EvidenceHeldError, EvidenceLostError, VoiceformError
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.runtime import Channel

_SYNC_LINES = 64
_SYNC_SECONDS = 0.2
"""A line says what has happened, never what will: one that a power failure takes is found again by the next
run, which looks for everything that the dead one had planned. So lines are stored in small batches."""
_MOST_WAITING = 256
"""With so many lines that are not stored yet, nothing more is deleted until they are."""
_MOST_UNWRITTEN = 64
"""With so many that somebody else is about to write, neither."""
_GATHER_SECONDS = 0.004
"""A line that comes so soon after others were written is written with those that follow, so long later."""
_CLOSED = frozenset({"closed", "sealed"})


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes, about which account, and what the first line says of the command.

    `lives` is how long the lock on a state outlives its holder: a run whose last line is younger may still be
    at work, where no lock on the evidence tells.
    """

    who: str
    account_sid: str
    command: Sequence[str]
    version: str
    lives: timedelta


class EvidenceLog:
    """One run's evidence in a place; use it in a `with` statement. Safe for many threads.

    Opening it takes the place for this run, goes on where the chain ended (repairing or sealing the file of a
    run that was killed), and stores the first line. Leaving it writes the closing line, the summary and the
    page. EvidenceError when it cannot be opened, EvidenceHeldError while another run has it; nothing was
    written then.
    """

    def __init__(self, place: Place, *, clock: Clock, author: Author) -> None:
        self._clock = clock
        self._who = author.who
        self._lives = author.lives
        self._writing = clock.runtime.lock()
        self._unwritten: deque[Mapping[str, Any]] = deque()
        self._broken: str | None = None
        self._held: EvidenceHeldError | None = None
        self._pending = 0
        self._synced_at = clock.runtime.uptime()
        self._written_at = float("-inf")
        self._gathering = False
        self._to_write: Channel[bool] = clock.runtime.channel()
        """True: lines wait for the thread that writes them; False ends it."""
        self._head = Head()
        self.place = place
        try:
            place.claim(f"{author.who}, process {os.getpid()}, since {instant_to_text(clock.now())}")
            self._open(author)
        except EvidenceHeldError:
            place.release()
            raise
        except EvidenceError as error:
            place.release()
            raise self._held or EvidenceError(
                error.what, where=error.where, hint=error.hint
            ) from error  # nothing is lost yet
        except place.errors as error:
            place.release()
            raise _unusable(place, error) from error
        self._written_at = float("-inf")
        self._writer = clock.runtime.start(self._write_what_gathers, "voiceform-evidence", daemon=True)

    def _open(self, author: Author) -> None:
        place = self.place
        files = files_in(place)
        dropped = place.repair(files[-1]) if files else 0
        previous = self._previous(files)
        self.file = File(files[-1].number + 1 if files else 1)
        self._sink = place.begin(self.file)
        self.summary = Summary(self.file.name, author.account_sid, author.who, tuple(author.command))
        self.add(
            {
                "event": "opened",
                "format_version": FORMAT_VERSION,
                "account_sid": author.account_sid,
                "writer": self._clock.runtime.token(8),
                "command": list(author.command),
                "voiceform": author.version,
                "previous": previous,
            }
        )
        if dropped:
            self.add({"event": "repaired", "file": files[-1].name, "dropped_bytes": dropped})
        self.flush()

    @property
    def head(self) -> str:
        """The hash of the last line."""
        return self._head.hash

    @property
    def where(self) -> str:
        """The file, for people."""
        return self.place.where(self.file.name)

    def ensure_open(self) -> None:
        """Raise EvidenceLostError once a line could not be stored; wait while too many are on their way."""
        if self._broken is None:
            if len(self._unwritten) > _MOST_UNWRITTEN:
                with self._writing:
                    self._write()
            if self._sink.backlog > _MOST_WAITING:
                self.flush()
        self._require_whole()

    def add(self, event: Mapping[str, Any]) -> None:
        """Append one line. EvidenceLostError when it cannot be stored, and for every line after.

        Where a thread is writing, it writes the lines of the others too, who go on meanwhile: to let each
        wait for its own turn costs more than the lines do. Where very many come, a thread of the log's own
        writes several at a time.
        """
        self._require_whole()
        self._unwritten.append(event)
        if self._clock.runtime.uptime() - self._written_at < _GATHER_SECONDS:
            if not self._gathering:
                self._gathering = True
                self._to_write.put(True)
            return
        due = False
        while self._unwritten and self._writing.acquire(blocking=False):
            try:
                due = self._write() or due
            finally:
                self._writing.release()
        if due:
            # Only this thread waits for the store; the others go on to write their lines.
            self.flush()

    def flush(self) -> None:
        """Store every line that was added before. EvidenceLostError."""
        with self._writing:
            self._write()
        self._done(self._sink.sync)

    def taken_down(self, run_id: str) -> frozenset[str]:
        """The SIDs, or other names, of what one run is known to have removed, by the lines of earlier
        files; EvidenceError for a broken file."""
        sids: set[str] = set()
        for file in reversed(files_in(self.place)):
            began = False
            if file.stem == self.file.stem:
                continue
            for line in read_lines(self.place, file):
                if line.get("run") == run_id:
                    began = began or line["event"] in PLANNED
                    if line.get("status") in REMOVED:
                        sids.add(line.get("sid") or line["name"])
            if began:
                break
        return frozenset(sids)

    def abandon(self) -> None:
        """Give the place back as it is: the run did not end in order, and the next one says so."""
        self._to_write.put(False)
        self._writer.join()
        with suppress(EvidenceLostError), self._writing:
            self._write()
        self._sink.close()
        self.place.release()

    def close(self) -> None:
        """Write the closing line, the summary and the page, and give the place back."""
        from voiceform.kinds.retention.evidence.page import page

        try:
            if self._broken is None:
                # Not by `add`: it might leave the line to the thread that writes several, which is to end.
                self._unwritten.append({"event": "closed", "totals": self.summary.totals()})
                self.flush()
                name, summary = self.file.stem, self.summary
                told = {SUMMARY: summary.text(self.head), PAGE: page(summary.document(self.head))}
                self.place.put({name + suffix: text for suffix, text in told.items()})
        except self.place.errors as error:
            raise EvidenceError(
                f"the summary of the evidence cannot be written: {reason_of(error)}",
                where=self.where,
                hint="every line is stored, and what was deleted is among them; make room there before the"
                " next run",
            ) from error
        finally:
            self.abandon()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None or (isinstance(error, VoiceformError) and not isinstance(error, EvidenceLostError)):
            self.close()
        else:
            self.abandon()

    def _previous(self, files: Sequence[File]) -> dict[str, Any] | None:
        """The last file that holds a line, checked, and the hash of its last line."""
        for file in reversed(files):
            last = None
            for line in read_lines(self.place, file):
                last = line
            if last is None:
                continue
            if not self.place.alone and last["event"] not in _CLOSED:
                last = self._seal(file, last)
            return {"file": file.name, "hash": last["hash"]}
        return None

    def _seal(self, file: File, last: Mapping[str, Any]) -> dict[str, Any]:
        """End the file of a run that died by taking its next part, so that it can never go on."""
        now = self._clock.now()
        if abs(now - instant_from_text(last["at"])) < self._lives:
            raise taken(self.place)
        line = {"event": "sealed", "at": instant_to_text(now), "who": self._who}
        data, head = linked(line, Head(last["seq"] + 1, last["hash"]))
        sink = self.place.begin(file)
        sink.write([data])
        sink.sync()
        return {"hash": head.hash}

    def _done(self, storing: Callable[..., None], *args: object) -> None:
        """What cannot be stored ends the evidence, and with it the run."""
        try:
            storing(*args)
        except EvidenceHeldError as error:
            self._broken, self._held = error.what, error
        except EvidenceError as error:
            self._broken = error.what
        except self._sink.errors as error:
            self._broken = f"the evidence cannot be written: {reason_of(error)}"
        self._require_whole()

    def _require_whole(self) -> None:
        if self._broken is not None:
            raise EvidenceLostError(
                self._broken,
                where=self.where,
                hint="nothing more is deleted without evidence; mend the place and run again",
            )

    def _write_what_gathers(self) -> None:
        """On a thread of its own. What cannot be stored, whoever asks next is told."""
        while self._to_write.get():
            self._clock.runtime.sleep(_GATHER_SECONDS)
            self._gathering = False  # who adds from now on may not be in what is written
            with suppress(EvidenceLostError):
                with self._writing:
                    due = self._write()
                if due:
                    self.flush()

    def _write(self) -> bool:
        """Link and write what waits, under the lock; whether it is time to store, which the caller then
        does."""
        data, head, written = [], self._head, []
        while self._unwritten:
            line = {**self._unwritten.popleft(), "at": instant_to_text(self._clock.now()), "who": self._who}
            text, head = linked(line, head)
            data.append(text)
            written.append(line)
        self._require_whole()
        if not data:
            return False
        self._done(self._sink.write, data)
        self._written_at = self._clock.runtime.uptime()
        self._head = head
        for line in written:
            self.summary.count(line)
        return self._is_due(len(data))

    def _is_due(self, lines: int) -> bool:
        self._pending += lines
        now = self._clock.runtime.uptime()
        if self._pending < _SYNC_LINES and now - self._synced_at < _SYNC_SECONDS:
            return False
        self._pending, self._synced_at = 0, now
        return True


def _unusable(place: Place, error: Exception) -> EvidenceError:
    return EvidenceError(
        f"the evidence cannot be written: {reason_of(error)}",
        where=place.where(""),
        hint="nothing is deleted without it; name another place: `retention: {evidence: ...}`, or --evidence",
    )
