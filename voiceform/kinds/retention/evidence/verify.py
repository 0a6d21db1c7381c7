"""Check a place of evidence: every line of every file, their order, the summaries, and the account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any

from voiceform.kinds.retention.evidence.chain import TORN, Line, read_lines
from voiceform.kinds.retention.evidence.places import SUMMARY, File, Place, files_in
from voiceform.kinds.retention.evidence.summary import REMOVED, Summary
from voiceform.kinds.retention.storage.buckets import reason_of
from voiceform.model.errors import EvidenceError
from voiceform.model.instants import instant_from_text
from voiceform.model.progress import Progress, Silent
from voiceform.twilio.errors import NotFoundError, ProtocolError
from voiceform.twilio.paging import Unreadable

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

LOOKING = "looking for what was deleted"

_FETCH_AT_MOST = 500
"""Of more recordings than this a list of their span tells first which are remembered as deleted."""
_SECOND = timedelta(seconds=1)
_SHOWN = 20


class _Answer(Enum):
    """What the account says of a recording that was taken down as deleted."""

    THERE = "there"
    GONE = "gone"
    REMEMBERED = "remembered"


@dataclass(slots=True)
class Found:
    """What a check found. `problems` make the evidence doubtful; `notes` only explain.

    `confirmed` recordings are remembered as deleted by the service itself, which it does for 40 days.
    """

    files: int = 0
    lines: int = 0
    removed: int = 0
    account_sid: str | None = None
    head: str | None = None
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    recordings: dict[str, datetime | None] = field(default_factory=dict)
    calls: set[str] = field(default_factory=set)
    looked: bool = False
    confirmed: int = 0


def check_place(place: Place, *, begin: int = 1) -> Found:
    """Check the chain of all files from number `begin` on: what came before is kept elsewhere.

    EvidenceError only when there is nothing that can be read.
    """
    try:
        files = [file for file in files_in(place) if file.number >= begin]
        names = set(place.names())
    except place.errors as error:
        raise EvidenceError(
            f"the evidence cannot be read: {reason_of(error)}", where=place.where("")
        ) from error
    if not files:
        raise EvidenceError(
            "there is no evidence here",
            where=place.where(""),
            hint="name the place of `retention: {evidence: ...}` or of prune --evidence",
        )
    found = Found()
    _check_numbers(files, begin, found)
    stems = {file.stem for file in files_in(place)}
    for name in sorted(names):
        if name.endswith(SUMMARY) and name.removesuffix(SUMMARY) not in stems:
            found.problems.append(f"{place.where(name)}: the file that it sums up is missing")
    before: tuple[str, str] | None = None
    for file in files:
        checking = _Checking(place, file, found, is_last=file is files[-1])
        before = checking.run(before, first=file is files[0], begin=begin) or before
    found.files = len(files)
    found.head = before[1] if before is not None else None
    return found


def check_account(
    found: Found, client: Client, *, threads: int = 8, progress: Progress | None = None
) -> None:
    """See that everything that was deleted is gone from the account; raises TwilioError."""
    progress = progress or Silent()
    progress.start(LOOKING, len(found.recordings) + len(found.calls))
    with client.runtime.pool(threads, "voiceform-verify") as pool:
        there = list(_recordings_there(found, client, pool, progress))
        for sid, is_there in zip(found.calls, pool.map(client.has_call, found.calls), strict=True):
            progress.advance(LOOKING)
            if is_there:
                there.append(sid)
    progress.finish(LOOKING)
    found.looked = True
    shown = ", ".join(there[:_SHOWN])
    if there:
        more = f" and {len(there) - _SHOWN:,} more" if len(there) > _SHOWN else ""
        found.problems.append(f"taken down as deleted, but still in the account: {shown}{more}")


def _check_numbers(files: Sequence[File], begin: int, found: Found) -> None:
    numbers = [begin - 1, *(file.number for file in files)]
    for one, other in pairwise(numbers):
        if other == one + 1:
            continue
        missing = f"{one + 1:06}" + (f" to {other - 1:06}" if other > one + 2 else "")
        text = f"a file is missing: number {missing}" if other > one else f"two files have number {one:06}"
        elsewhere = f" (kept elsewhere? check from there on with --from {other})" if one == begin - 1 else ""
        found.problems.append(text + elsewhere)


class _Checking:
    """The check of one file."""

    def __init__(self, place: Place, file: File, found: Found, *, is_last: bool) -> None:
        self.place = place
        self.file = file
        self.found = found
        self.is_last = is_last
        self.where = place.where(file.name)
        self.summary: Summary | None = None
        self.last: Line | None = None

    def run(self, before: tuple[str, str] | None, *, first: bool, begin: int) -> tuple[str, str] | None:
        """The file's name and the hash of its last line, None when it holds no line that can be trusted."""
        try:
            for line in read_lines(self.place, self.file):
                if self.summary is None:
                    self.summary = self._first_line(line, before, first=first, begin=begin)
                elif self.last is not None and self.last["event"] in ("closed", "sealed"):
                    self.found.problems.append(f"{self.where}: there are lines behind the last one")
                self.summary.count(line)
                _note_object(line, self.found)
                self.found.lines += 1
                self.last = line
        except EvidenceError as error:
            self._note_break(error)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            self.found.problems.append(f"{self.where}: a line is not as evidence has it: {error!r}")
            self.last = None
        self._check_end()
        return None if self.last is None else (self.file.name, self.last["hash"])

    def _first_line(self, line: Line, before: tuple[str, str] | None, *, first: bool, begin: int) -> Summary:
        if line["event"] != "opened":
            self.found.problems.append(f"{self.where}:1: the first line does not open the file")
        elif first and (line["previous"] is None) is not (begin == 1):
            self.found.problems.append(f"{self.where}:1: it is not the one that the chain begins with here")
        elif not first:
            expected = None if before is None else {"file": before[0], "hash": before[1]}
            if line["previous"] != expected:
                self.found.problems.append(
                    f"{self.where}:1: it does not continue the file before it: lines are missing there"
                )
        account = line["account_sid"]
        if self.found.account_sid not in (None, account):
            self.found.problems.append(f"{self.where}: it is about another account, {account}")
        self.found.account_sid = account
        return Summary(self.file.name, account, line["who"], tuple(line["command"]))

    def _note_break(self, error: EvidenceError) -> None:
        ended = self.last is not None and self.last["event"] == "closed"
        if error.what == TORN and self.is_last and not ended:
            self.found.notes.append(f"{error.where}: {error.what}; the next run repairs it")
        else:
            self.found.problems.append(f"{error.where}: {error.what}")

    def _check_end(self) -> None:
        """A run writes its summary after its last line, so where there is one, every line must be there."""
        name = self.file.stem + SUMMARY
        beside = self.place.where(name)
        text = self.place.read(name)
        closed = self.last is not None and self.last["event"] == "closed"
        if self.last is None or self.summary is None or not closed:
            if text is not None:
                self.found.problems.append(
                    f"{self.where}: lines are missing at its end: {beside} sums up more"
                )
            elif self.last is not None:
                self.found.notes.append(
                    f"{self.where}: the run did not end in order; the next one looked for what it had deleted"
                )
            return
        if text is None:
            self.found.notes.append(f"{beside}: the summary is missing; the lines say the same")
            return
        try:
            document: Any = json.loads(text)
        except (ValueError, RecursionError):
            document = None
        if document != self.summary.document(self.last["hash"]):
            self.found.problems.append(f"{beside}: the summary does not say what the lines say")


def _note_object(line: Line, found: Found) -> None:
    if line.get("status") not in REMOVED or "sid" not in line:
        return
    found.removed += 1
    if line["event"] == "recording":
        created = line.get("created")
        found.recordings[line["sid"]] = instant_from_text(created) if created else None
    else:
        found.calls.add(line["sid"])


def _recordings_there(found: Found, client: Client, pool: Executor, progress: Progress) -> Iterator[str]:
    """The recordings that exist still; counts those that the service itself remembers as deleted.

    Of many, a list says which are remembered. What it does not show proves nothing: that is fetched.
    """
    alone = dict.fromkeys(found.recordings)
    dated = [created for created in found.recordings.values() if created is not None]
    if len(dated) > _FETCH_AT_MOST:
        pages = client.scan_recordings(
            created_from=min(dated),
            created_before=max(dated) + _SECOND,
            include_soft_deleted=True,
            unreadable=Unreadable(),
        )
        for row in chain.from_iterable(pages):
            if row.sid in alone and row.status == "deleted":
                del alone[row.sid]
                found.confirmed += 1
                progress.advance(LOOKING)
    for sid, answer in zip(alone, pool.map(partial(_look_for, client), alone), strict=True):
        progress.advance(LOOKING)
        found.confirmed += answer is _Answer.REMEMBERED
        if answer is _Answer.THERE:
            yield sid


def _look_for(client: Client, sid: str) -> _Answer:
    """Whether a recording exists. A deleted one's description stays readable for 40 days, but only when asked
    for, and not every service gives it the status `deleted`."""
    try:
        if client.fetch_recording(sid, include_soft_deleted=True).status == "deleted":
            return _Answer.REMEMBERED
    except NotFoundError:
        return _Answer.GONE
    except ProtocolError:
        pass  # whether it is there is another question
    return _Answer.THERE if client.has_recording(sid) else _Answer.GONE
