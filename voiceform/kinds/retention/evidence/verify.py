"""Check a folder of evidence: every line of every file, their order, the summaries, and the account."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voiceform.kinds.retention.evidence.chain import Line, files_of, is_torn, number_of, read_lines
from voiceform.kinds.retention.evidence.summary import REMOVED, Summary
from voiceform.model.errors import EvidenceError
from voiceform.model.plan_codec import instant_from_text
from voiceform.model.progress import Progress, Silent
from voiceform.twilio.errors import NotFoundError

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


def check_folder(folder: Path) -> Found:
    """Check the chain of all files. EvidenceError only when there is nothing that can be read."""
    files = files_of(folder)
    if not files:
        raise EvidenceError(
            "there is no evidence in this folder",
            where=str(folder),
            hint="name the folder of prune --evidence",
        )
    found = Found()
    _check_numbers(files, found)
    before: tuple[str, str] | None = None
    for path in files:
        is_last = path == files[-1]
        before = _check_file(path, before, found, first=path == files[0], last=is_last) or before
    found.files = len(files)
    found.head = before[1] if before is not None else None
    return found


def check_account(
    found: Found, client: Client, *, threads: int = 8, progress: Progress | None = None
) -> None:
    """See that everything that was deleted is gone from the account; raises TwilioError."""
    progress = progress or Silent()
    progress.start(LOOKING, len(found.recordings) + len(found.calls))
    with ThreadPoolExecutor(threads, thread_name_prefix="voiceform-verify") as pool:
        there = list(_recordings_there(found, client, pool, progress))
        for sid, is_there in zip(
            found.calls, pool.map(partial(_call_is_there, client), found.calls), strict=True
        ):
            progress.advance(LOOKING)
            if is_there:
                there.append(sid)
    progress.finish(LOOKING)
    found.looked = True
    shown = ", ".join(there[:_SHOWN])
    if there:
        more = f" and {len(there) - _SHOWN:,} more" if len(there) > _SHOWN else ""
        found.problems.append(f"taken down as deleted, but still in the account: {shown}{more}")


def _check_numbers(files: Sequence[Path], found: Found) -> None:
    numbers = [number_of(path) for path in files]
    if numbers[0] != 1:
        found.notes.append(f"the evidence begins with number {numbers[0]}: earlier files are elsewhere")
    for one, other in pairwise(numbers):
        if other != one + 1:
            missing = f"{one + 1:06}" + (f" to {other - 1:06}" if other > one + 2 else "")
            found.problems.append(
                f"a file is missing: number {missing}" if other > one else f"two files have number {one:06}"
            )


def _check_file(
    path: Path, before: tuple[str, str] | None, found: Found, *, first: bool, last: bool
) -> tuple[str, str] | None:
    """The file's name and the hash of its last line, None when it holds no line that can be trusted."""
    summary: Summary | None = None
    line: Line | None = None
    try:
        for line in read_lines(path):
            if summary is None:
                summary = _first_line(line, path, before, found, first=first)
            summary.count(line)
            _note_object(line, found)
            found.lines += 1
    except EvidenceError as error:
        _note_break(error, path, found, last=last)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        found.problems.append(f"{path}: a line is not as evidence has it: {error!r}")
        line = None
    if line is None or summary is None:
        return None
    if line["event"] == "closed":
        _check_summary(path, summary, line["hash"], found)
    else:
        found.notes.append(
            f"{path}: the run did not end in order; the next one looked for what it had deleted"
        )
    return path.name, line["hash"]


def _first_line(
    line: Line, path: Path, before: tuple[str, str] | None, found: Found, *, first: bool
) -> Summary:
    if line["event"] != "opened":
        found.problems.append(f"{path}:1: the first line does not open the file")
    elif not first:
        expected = None if before is None else {"file": before[0], "hash": before[1]}
        if line["previous"] != expected:
            found.problems.append(
                f"{path}:1: it does not continue the file before it: lines are missing there"
            )
    account = line["account_sid"]
    if found.account_sid not in (None, account):
        found.problems.append(f"{path}: it is about another account, {account}")
    found.account_sid = account
    return Summary(path.name, account, line["who"])


def _note_object(line: Line, found: Found) -> None:
    if line.get("status") not in REMOVED:
        return
    found.removed += 1
    if line["event"] == "recording":
        created = line.get("created")
        found.recordings[line["sid"]] = instant_from_text(created) if created else None
    else:
        found.calls.add(line["sid"])


def _note_break(error: EvidenceError, path: Path, found: Found, *, last: bool) -> None:
    torn = "torn" in error.what
    if torn and last and is_torn(path):
        found.notes.append(f"{error.where}: {error.what}; the next run repairs it")
    else:
        found.problems.append(f"{error.where}: {error.what}")


def _check_summary(path: Path, summary: Summary, head: str, found: Found) -> None:
    beside = path.with_suffix(".summary.json")
    try:
        document: Any = json.loads(beside.read_text(encoding="utf-8"))
    except FileNotFoundError:
        found.notes.append(f"{beside}: the summary is missing; the lines say the same")
        return
    except (OSError, ValueError, RecursionError):
        document = None
    if document != summary.document(head):
        found.problems.append(f"{beside}: the summary does not say what the lines say")


def _recordings_there(
    found: Found, client: Client, pool: ThreadPoolExecutor, progress: Progress
) -> Iterator[str]:
    """The recordings that exist still; counts those that the service itself remembers as deleted.

    Of many, a list says which are remembered. What it does not show proves nothing: that is fetched.
    """
    alone = dict.fromkeys(found.recordings)
    dated = [created for created in found.recordings.values() if created is not None]
    if len(dated) > _FETCH_AT_MOST:
        rows = client.scan_recordings(
            created_from=min(dated), created_before=max(dated) + _SECOND, include_soft_deleted=True
        )
        for row in rows:
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
        client.fetch_recording(sid)
    except NotFoundError:
        return _Answer.GONE
    return _Answer.THERE


def _call_is_there(client: Client, sid: str) -> bool:
    try:
        client.fetch_call(sid)
    except NotFoundError:
        return False
    return True
