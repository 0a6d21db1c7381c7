"""The chain of lines: each holds the hash of the one before it, so that an edit shows.

A folder holds one file per run, `000001-20260131T020000Z.jsonl` and so on. The first line of each names the
last line of the file before, so a file that is missing in between shows, too. (That the very last file is
missing shows by its head, which every run prints: keep the logs elsewhere.)
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voiceform.model.errors import EvidenceError
from voiceform.model.resource import canonical_json

FORMAT_VERSION = "1.0"
START = "0" * 64
"""What stands for the hash of a line before the first."""

SUFFIX = ".jsonl"
_NAME = re.compile(r"(?P<number>\d{6,9})-\d{8}T\d{6}Z\.jsonl")
_LONGEST_LINE = 1_000_000

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain has come to: the next line's number and the hash it must name."""

    seq: int = 0
    hash: str = START


def linked(event: Mapping[str, Any], head: Head) -> tuple[bytes, Head]:
    """The bytes of the next line, with its newline, and where the chain is then."""
    line = {**event, "seq": head.seq, "prev": head.hash}
    digest = line_hash(line)
    return canonical_json({**line, "hash": digest}) + b"\n", Head(head.seq + 1, digest)


def line_hash(line: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of everything in a line but its own hash."""
    return hashlib.sha256(canonical_json({k: v for k, v in line.items() if k != "hash"})).hexdigest()


def files_of(folder: Path) -> list[Path]:
    """The evidence files of a folder by their numbers; EvidenceError when the folder cannot be read."""
    try:
        names = [entry for entry in folder.iterdir() if _NAME.fullmatch(entry.name)]
    except OSError as error:
        raise EvidenceError(
            f"the evidence cannot be read: {(error.strerror or 'unknown error').lower()}", where=str(folder)
        ) from error
    return sorted(names, key=number_of)


def number_of(path: Path) -> int:
    """The number in a file's name."""
    match = _NAME.fullmatch(path.name)
    return int(match["number"]) if match else 0


def read_lines(path: Path, head: Head | None = None) -> Iterator[Line]:
    """The lines of a file, each checked against the one before.

    EvidenceError, with file and line, at the first that is torn, unreadable, edited or out of place.
    """
    head = head or Head()
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(_LONGEST_LINE + 1):
                number += 1
                line = _parsed(raw, path, number)
                if line.get("hash") != line_hash(line):
                    raise _broken("the line was edited: its hash does not fit", path, number)
                if line.get("prev") != head.hash or line.get("seq") != head.seq:
                    raise _broken("a line is missing before this one, or was put in", path, number)
                head = Head(head.seq + 1, line["hash"])
                yield line
    except OSError as error:
        raise EvidenceError(
            f"the evidence cannot be read: {(error.strerror or 'unknown error').lower()}", where=str(path)
        ) from error


def _parsed(raw: bytes, path: Path, number: int) -> Line:
    if not raw.endswith(b"\n"):
        raise _broken("the last line is torn: the run was killed while it wrote", path, number)
    try:
        line = json.loads(raw)
    except (ValueError, RecursionError):
        line = None
    if not isinstance(line, dict):
        raise _broken("the line is not JSON", path, number)
    return line


def _broken(what: str, path: Path, number: int) -> EvidenceError:
    return EvidenceError(what, where=f"{path}:{number}", hint="see all of it: voiceform prune verify DIR")


def is_torn(path: Path) -> bool:
    """Whether the last line of a file has no end."""
    with path.open("rb") as file:
        if file.seek(0, 2) == 0:
            return True
        file.seek(-1, 2)
        return file.read(1) != b"\n"


def repair(path: Path) -> int:
    """Cut a torn last line off; the number of bytes that were dropped. A whole file is left as it is."""
    if not is_torn(path):
        return 0
    with path.open("r+b") as file:
        size = file.seek(0, 2)
        end = 0
        position = size
        while position > 0 and end == 0:
            start = max(0, position - 65536)
            file.seek(start)
            found = file.read(position - start).rfind(b"\n")
            end = start + found + 1 if found >= 0 else 0
            position = start
        file.truncate(end)
    return size - end
