"""What evidence asks of the place where it lies, a folder or a bucket below a prefix.

In a folder a run's file is appended to and synced. A bucket cannot append, so there a run's file is a row of
parts, `000007.0001.jsonl` and so on, each written once and never over another: whoever writes the next number
first has it, so two runs can never write into one chain.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from voiceform.model.errors import EvidenceHeldError

SUFFIX = ".jsonl"
SUMMARY = ".summary.json"
PAGE = ".html"

_NAME = re.compile(r"(?P<number>\d{6,9})(?:\.(?P<part>\d{4,9}))?\.jsonl", re.ASCII)


@dataclass(frozen=True, slots=True)
class File:
    """One run's file: its number, and the names that hold it, in order."""

    number: int
    parts: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """Its name without suffix."""
        return f"{self.number:06}"

    @property
    def name(self) -> str:
        """What the next file calls it."""
        return f"{self.stem}{SUFFIX}"


class Sink(Protocol):
    """Takes the lines of one run. `errors` is what the rest raises."""

    errors: tuple[type[Exception], ...]

    @property
    def backlog(self) -> int:
        """Lines that are not stored yet."""

    def write(self, lines: Sequence[bytes]) -> None:
        """Append lines, each with its newline."""

    def sync(self) -> None:
        """Make everything that was written before survive."""

    def close(self) -> None:
        """Let go, without another word."""


class Place(Protocol):
    """A folder or a bucket. `errors` is what the rest raises beside EvidenceError."""

    errors: tuple[type[Exception], ...]
    alone: bool
    """Whether a claim keeps every other run out, so that an open file is always a dead run's."""

    def names(self) -> list[str]:
        """The names of everything that is there."""

    def lines(self, name: str) -> Iterator[bytes]:
        """The raw lines of one name, each with its end if it has one."""

    def where(self, name: str) -> str:
        """The place of one name, for people."""

    def claim(self, holder: str) -> None:
        """Make sure that it can be written, for this run alone where that can be; EvidenceError,
        EvidenceHeldError.

        `holder` says to people who has it.
        """

    def release(self) -> None:
        """Give the claim back."""

    def begin(self, file: File) -> Sink:
        """A sink for a new file, or for what is to come behind the parts of an old one."""

    def repair(self, file: File) -> int:
        """Cut a torn last line off; the number of bytes that were dropped."""

    def put(self, texts: Mapping[str, str]) -> None:
        """Write a summary and a page by their names, in this order, each whole or not at all."""

    def read(self, name: str) -> bytes | None:
        """All of one name; None when it is not there."""


def files_in(place: Place) -> list[File]:
    """The files by their numbers."""
    found: dict[int, list[tuple[int, str]]] = {}
    for name in place.names():
        match = _NAME.fullmatch(name)
        if match is not None:
            found.setdefault(int(match["number"]), []).append((int(match["part"] or 0), name))
    return [File(number, tuple(name for _, name in sorted(parts))) for number, parts in sorted(found.items())]


def taken(place: Place) -> EvidenceHeldError:
    """Another run has the place."""
    return EvidenceHeldError(
        "another run writes its evidence here, or died a moment ago",
        where=place.where(""),
        hint="wait for it with --lock-timeout 2m, or give each stack a place of its own",
    )
