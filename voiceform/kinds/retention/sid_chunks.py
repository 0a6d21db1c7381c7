"""Very many SIDs in little memory: 16 bytes each while planning, 32 characters each in the plan."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from voiceform.kinds.details import number_in, text_in
from voiceform.kinds.retention.matching.match import CALL_RECORD
from voiceform.model.instants import instant_from_text, instant_to_text

CHUNK = 500
"""SIDs in one chunk of a plan: half of what one page of a list has rows. To read a larger one again keeps the
workers waiting longer than to ask more often."""

_SID = 34
_HEX = 32
_BYTES = 16
_FULL = 0.6
_PRIME = 2**61 - 1


def seconds_of(moments: Iterable[datetime | None]) -> Iterator[int]:
    """The epoch seconds of those that are known."""
    return map(int, map(datetime.timestamp, filter(None, moments)))


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of a plan's SIDs, `digits` without their prefixes: of objects created from `first` to `last`,
    both included, which are `rows` in all, so that apply knows what looking at the span again costs."""

    first: datetime
    last: datetime
    rows: int
    digits: str

    def __len__(self) -> int:
        return len(self.digits) // _HEX

    def sids(self, prefix: str) -> tuple[str, ...]:
        """The SIDs, by age."""
        return tuple(prefix + self.digits[at : at + _HEX] for at in range(0, len(self.digits), _HEX))

    def to_document(self) -> dict[str, Any]:
        """The chunk as plans have it."""
        first, last = instant_to_text(self.first), instant_to_text(self.last)
        return {"from": first, "to": last, "rows": self.rows, "sids": self.digits}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Chunk:
        """What `to_document` wrote; KeyError, TypeError or ValueError for any other document."""
        digits = text_in(document, "sids")
        if len(digits) % _HEX or not _are_digits(digits):
            raise ValueError("sids are not the digits of SIDs")
        first, last = (instant_from_text(text_in(document, name)) for name in ("from", "to"))
        return cls(first, last, number_in(document, "rows"), digits)


@dataclass(slots=True)
class Column:
    """SIDs of one kind with the instant (epoch seconds) at which each object was created."""

    created: array[int] = field(default_factory=lambda: array("q"))
    sids: bytearray = field(default_factory=bytearray)

    def add(self, sid: str, created: datetime) -> None:
        """Remember one object; ValueError for what is not a SID."""
        self.extend((sid,), (created,))

    def extend(self, sids: Sequence[str], created: Sequence[datetime]) -> None:
        """Remember objects; ValueError where one has what is not a SID, and then none of them is."""
        digits = bytes.fromhex("".join([sid[2:] for sid in sids]))  # which passes over white space
        if len(digits) != _BYTES * len(sids) or any(map(_SID.__ne__, map(len, sids))):
            raise ValueError("what is not a SID")
        self.sids += digits
        self.created.extend(seconds_of(created))

    def __len__(self) -> int:
        return len(self.created)

    def only(self, order: Sequence[int]) -> Column:
        """Those at these places, in that order."""
        return Column(
            array("q", map(self.created.__getitem__, order)), bytearray(b"".join(self._parts(order)))
        )

    def _parts(self, order: Sequence[int]) -> Iterator[bytearray]:
        return (self.sids[at * _BYTES : (at + 1) * _BYTES] for at in order)

    def chunks(self, everything: array[int]) -> Iterator[Chunk]:
        """The SIDs by age. `everything` is the sorted instants of all objects of the list."""
        order = sorted(range(len(self)), key=self.created.__getitem__)
        for start in range(0, len(order), CHUNK):
            part = order[start : start + CHUNK]
            first, last = self.created[part[0]], self.created[part[-1]]
            yield Chunk(
                _moment(first),
                _moment(last),
                bisect_right(everything, last) - bisect_left(everything, first),
                b"".join(self._parts(part)).hex(),
            )


@dataclass(frozen=True, slots=True)
class DueCall:
    """A call record that is due but for calls related to it; it looks like what rules match."""

    sid: str
    parent: str | None
    date_created: datetime
    duration: int
    rule: str
    source: str = CALL_RECORD
    status: str = "completed"
    channels: int | None = None
    conference_sid: str | None = None

    @property
    def call_sid(self) -> str | None:
        """Its SID again."""
        return self.sid


class DueCalls:
    """Very many of them, at some 50 bytes each. Dates are kept to the second."""

    def __init__(self) -> None:
        self._sids = Column()
        self._parents = bytearray()
        self._durations = array("q")
        self._rules = array("q")
        self._names: dict[str, int] = {}

    def add(self, call: DueCall) -> None:
        """Remember one; ValueError for SIDs that are none."""
        self._sids.add(call.sid, call.date_created)
        self._parents += bytes.fromhex(call.parent[2:]) if call.parent else bytes(_BYTES)
        self._durations.append(call.duration)
        self._rules.append(self._names.setdefault(call.rule, len(self._names)))

    def __iter__(self) -> Iterator[DueCall]:
        names = list(self._names)
        for at, created in enumerate(self._sids.created):
            part = slice(at * _BYTES, (at + 1) * _BYTES)
            parent = self._parents[part]
            yield DueCall(
                f"CA{self._sids.sids[part].hex()}",
                f"CA{parent.hex()}" if any(parent) else None,
                datetime.fromtimestamp(created, UTC),
                self._durations[at],
                names[self._rules[at]],
            )


class SidSet:
    """A set of SIDs at 14 to 27 bytes each, by 61 bits of their 128.

    Two of a million SIDs are taken for one with a probability of one in four million; use it where that errs
    on the safe side.
    """

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 1024))
        self._count = 0

    def add(self, sid: str) -> None:
        """Put `sid` in."""
        value = _key(sid)
        at = self._find(value)
        if self._slots[at] == value:
            return
        self._slots[at] = value
        self._count += 1
        if self._count > _FULL * len(self._slots):
            self._grow()

    def __contains__(self, sid: str) -> bool:
        return self._slots[self._find(_key(sid))] != 0

    def __len__(self) -> int:
        return self._count

    def _find(self, value: int) -> int:
        """The slot that holds `value`, or the empty one where it belongs."""
        slots = self._slots
        mask = len(slots) - 1
        at = value & mask
        while slots[at] not in (0, value):
            at = (at + 1) & mask
        return at

    def _grow(self) -> None:
        old = self._slots
        self._slots = array("Q", bytes(16 * len(old)))
        for value in old:
            if value:
                self._slots[self._find(value)] = value


def _key(sid: str) -> int:
    return int(sid[2:], 16) % _PRIME or 1


def _are_digits(text: str) -> bool:
    """Whether a text is hexadecimal digits in lower case, so many of them that to write them anew takes a
    fifth of what a pattern does."""
    try:
        return bytes.fromhex(text).hex() == text
    except ValueError:
        return False


def _moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
