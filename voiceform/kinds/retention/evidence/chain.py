"""The chain of lines: each holds the hash of the one before it, so that an edit shows.

A place holds one file per run. The first line of each names the last line of the file before, so a file that
is missing in between shows, too. (That the very last file is missing shows by its head, which every run
prints: keep the logs elsewhere.)

A line is the canonical JSON of what it says: any other writing of the same, such as a key that stands twice,
is an edit.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, NoReturn

from voiceform.kinds.retention.evidence.places import File, Place
from voiceform.kinds.retention.storage.buckets import reason_of
from voiceform.model.errors import EvidenceError
from voiceform.model.resource import canonical_json

FORMAT_VERSION = "1.0"
START = "0" * 64
"""What stands for the hash of a line before the first."""

TORN = "the last line is torn: the run was killed while it wrote"

_HASH = "hash"

Line = dict[str, Any]


class Head(NamedTuple):
    """Where a chain has come to: the next line's number and the hash it must name."""

    seq: int = 0
    hash: str = START


def linked(event: Mapping[str, Any], head: Head) -> tuple[bytes, Head]:
    """The bytes of the next line, with its newline, and where the chain is then. Every event has the member
    `event`."""
    # Keys are sorted: the hash goes between two halves of the very text that it is of.
    before: Line = {}
    behind: Line = {}
    for name, value in event.items():
        (before if name < _HASH else behind)[name] = value
    behind["seq"], behind["prev"] = head.seq, head.hash
    first, second = canonical_json(before)[:-1], canonical_json(behind)[1:]
    digest = hashlib.sha256(b"%b,%b" % (first, second)).hexdigest()
    return b'%b,"hash":"%b",%b\n' % (first, digest.encode(), second), Head(head.seq + 1, digest)


def line_hash(line: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON of everything in a line but its own hash."""
    return hashlib.sha256(canonical_json({k: v for k, v in line.items() if k != _HASH})).hexdigest()


def read_lines(place: Place, file: File) -> Iterator[Line]:
    """The lines of a file, each checked against the one before.

    EvidenceError, with place and line, at the first that is torn, unreadable, edited or out of place.
    """
    head = Head()
    for part in file.parts:
        try:
            for number, raw in enumerate(place.lines(part), 1):
                where = f"{place.where(part)}:{number}"
                line = _parsed(raw, where)
                if line.get("hash") != line_hash(line):
                    raise _broken("the line was edited: its hash does not fit", where)
                if line.get("prev") != head.hash or line.get("seq") != head.seq:
                    raise _broken("a line is missing before this one, or was put in", where)
                head = Head(head.seq + 1, line["hash"])
                yield line
        except place.errors as error:
            raise EvidenceError(
                f"the evidence cannot be read: {reason_of(error)}", where=place.where(part)
            ) from error


def _parsed(raw: bytes, where: str) -> Line:
    if not raw.endswith(b"\n"):
        raise _broken(TORN, where)
    try:
        line = json.loads(raw, parse_constant=_no_number)
        same = canonical_json(line) == raw[:-1]
    except (ValueError, RecursionError):
        line, same = None, False
    if not isinstance(line, dict):
        raise _broken("the line is not JSON", where)
    if not same:
        raise _broken("the line was edited: it is not written as voiceform writes", where)
    return line


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _broken(what: str, where: str) -> EvidenceError:
    return EvidenceError(what, where=where, hint="see all of it: voiceform prune verify DIR")
