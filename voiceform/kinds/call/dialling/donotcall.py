"""Do-not-call lists: read again whenever they change. No list, an empty one, or an old one means no calls."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from voiceform.kinds.call.tables import TableError, read_table
from voiceform.kinds.userfiles import Places, UserFileError, lines_of, text_of
from voiceform.model.durations import parse_duration
from voiceform.model.errors import VoiceformError
from voiceform.model.numbers import dialled_digits, person

_REMARK = re.compile(r"[,;\t#].*", re.DOTALL)
_BARE = re.compile(r"[1-9][0-9]{9,14}", re.ASCII)
_PUNCTUATION = re.compile(r"[().\-/ \u00a0]")
_SHORTEST, _LONGEST = 10, 15
_BEHIND = timedelta(hours=12)
"""How far the last zone on Earth is behind UTC: a date has ended everywhere only then."""
_FOR_EVER = datetime.max.replace(tzinfo=UTC)

Stamp = tuple[int, int, int]


class DoNotCallError(VoiceformError):
    """A list is missing, unreadable, damaged, empty or too old; nobody is called until it is mended."""


@dataclass(frozen=True, slots=True)
class ListSpec:
    """One list. Without `column` it is a text with a number on each line; with it a table with a header.

    `expires` is the column that says until when an entry counts. The list may be `max_age` old, counted from
    `as_of`, or from when the file was last written. `file` is relative to the folder of the stack.
    """

    file: str
    column: str | None = None
    expires: str | None = None
    max_age: timedelta | None = None
    as_of: datetime | None = None
    allow_empty: bool = False

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ListSpec:
        """From a schema-valid mapping; ValueError says what is wrong with it."""
        if "expires" in document and "column" not in document:
            raise ValueError("expires names a column of a table: name the one of the numbers with column")
        if "as_of" in document and "max_age" not in document:
            raise ValueError("as_of means nothing without max_age")
        as_of = None
        if "as_of" in document:
            as_of = _instant(str(document["as_of"]), timedelta(0))
            if as_of is None:
                raise ValueError("as_of is no date, such as 2026-12-01")
        return cls(
            document["file"],
            document.get("column"),
            document.get("expires"),
            parse_duration(document["max_age"]) if "max_age" in document else None,
            as_of,
            document.get("allow_empty", False),
        )


@dataclass(frozen=True, slots=True)
class _Content:
    """What a file says: until when each person is not called; and bare digits, which are a person of some
    country: nobody whose number ends in them is called either."""

    people: Mapping[str, datetime]
    endings: Mapping[str, datetime]
    modified: datetime
    _tails: dict[int, dict[str, datetime]] = field(default_factory=dict)

    def tails(self, length: int) -> Mapping[str, datetime]:
        """By their last digits, until when people are not called: for addresses that dial only some of the
        digits of a number."""
        if length not in self._tails:
            found: dict[str, datetime] = {}
            for who, until in self.people.items():
                digits = who[1:] if who.startswith("+") else dialled_digits(who)
                if digits is not None and len(digits) >= length:
                    found[digits[-length:]] = max(until, found.get(digits[-length:], until))
            self._tails[length] = found
        return self._tails[length]


class DoNotCallList:
    """The lists of one schedule. Safe for several threads. Every question looks at the files, so that an
    entry counts from the next call on.

    `seen_at` is for questions about the future: how old a list is counts then.
    """

    def __init__(self, places: Places, lists: tuple[ListSpec, ...], seen_at: datetime | None = None) -> None:
        self._lists = tuple(_OneList(places, spec) for spec in lists)
        self._seen_at = seen_at

    def holds(self, number: str, now: datetime) -> bool:
        """Whether `number` must not be called at `now`; DoNotCallError when nobody can know.

        A SIP or client address that dials digits is held by every listed number that ends in them.
        """
        who = number if number.startswith("+") else person(number) or number
        seen = now if self._seen_at is None else min(now, self._seen_at)
        dialled = None if number.startswith("+") else dialled_digits(number)
        answers = [
            one.holds(who, dialled, now, seen) for one in self._lists
        ]  # all: one that cannot be read blocks
        return any(answers)

    def require(self, now: datetime | None) -> None:
        """Raise DoNotCallError when a list cannot be used at `now`; however old it may be for None."""
        for one in self._lists:
            content = one.current()
            if now is not None:
                one.require_fresh(content, now)


class _OneList:
    def __init__(self, places: Places, spec: ListSpec) -> None:
        self._places = places
        self._path = places.folder / spec.file
        self._spec = spec
        self._lock = threading.Lock()
        self._stamp: Stamp | None = None
        self._content = _Content({}, {}, _FOR_EVER)

    def holds(self, who: str, dialled: str | None, now: datetime, seen: datetime) -> bool:
        content = self.current()
        self.require_fresh(content, seen)
        until = content.people.get(who)
        if until is not None and now < until:
            return True
        if dialled is not None:
            ending = dialled[-_SHORTEST:]
            until = content.tails(len(ending)).get(ending)
            if until is not None and now < until:
                return True
        if not who.startswith("+"):
            return False
        endings = (who[-length:] for length in range(_SHORTEST, min(_LONGEST, len(who) - 1) + 1))
        return any((until := content.endings.get(ending)) is not None and now < until for ending in endings)

    def current(self) -> _Content:
        """What the file says now."""
        with self._lock:
            try:
                stamp = self._places.stamp(self._path)
                if stamp != self._stamp:
                    self._stamp = None
                    self._content = self._read()
                    self._stamp = stamp
            except UserFileError as error:
                self._stamp = None
                raise self._unusable(error.what, error.hint) from None
            return self._content

    def _read(self) -> _Content:
        file = self._places.read(self._path)
        people: dict[str, datetime] = {}
        endings: dict[str, datetime] = {}
        for line, text, until in self._entries(text_of(file.content)):
            who = person(text)
            if who is None:
                raise self._unusable(
                    f"has an entry in line {line} that is no phone number, SIP address or client",
                    "write numbers as +15558675310, one a line; a table with a header needs `column`",
                )
            people[who] = max(until, people.get(who, until))
            bare = _PUNCTUATION.sub("", text)
            if _BARE.fullmatch(bare):
                endings[bare] = max(until, endings.get(bare, until))
        if not people and not self._spec.allow_empty:
            raise self._unusable(
                "is empty", "an export that failed looks like this; allow_empty: true says that it may be"
            )
        return _Content(people, endings, datetime.fromtimestamp(file.modified, UTC))

    def _entries(self, text: str) -> Iterator[tuple[int, str, datetime]]:
        """Line, number, and until when it counts."""
        if self._spec.column is None:
            for line, content in lines_of(text):
                entry = _REMARK.sub("", content).strip().strip('"')
                if entry:
                    yield line, entry, _FOR_EVER
            return
        columns = [self._spec.column, *([self._spec.expires] if self._spec.expires else [])]
        try:
            for row in read_table(text, columns):
                if row.problem is not None:
                    raise TableError(f"does not fit its header: {row.problem}", line=row.line)
                until = _until(row.cells[1]) if self._spec.expires else _FOR_EVER
                yield row.line, row.cells[0].strip(), until
        except TableError as error:
            place = f" (line {error.line})" if error.line else ""
            raise self._unusable(f"{error}{place}", error.hint) from None

    def require_fresh(self, content: _Content, now: datetime) -> None:
        """Raise DoNotCallError when the list is too old at `now`."""
        if self._spec.max_age is None:
            return
        since = self._spec.as_of or content.modified
        if since - now > timedelta(days=1):
            raise self._unusable(f"claims to be of {since:%Y-%m-%d}, which has not come yet")
        if now - since > self._spec.max_age:
            raise self._unusable(
                f"is of {since:%Y-%m-%d}, and may be {_days(self._spec.max_age)} old", "fetch a new one"
            )

    def _unusable(self, problem: str, hint: str | None = None) -> DoNotCallError:
        return DoNotCallError(
            f"the do-not-call list {self._spec.file} {problem}",
            hint=f"{hint}; nobody is called until then" if hint else "nobody is called until it is mended",
        )


def _until(text: str) -> datetime:
    """The instant up to which an entry counts: for ever where there is no date that can be read."""
    return _instant(text.strip(), timedelta(days=1) + _BEHIND) or _FOR_EVER


def _instant(text: str, after: timedelta) -> datetime | None:
    """The instant of a date, or of a time without an offset, plus `after`; one with an offset is exact."""
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is not None:
            return value.astimezone(UTC)
        day = datetime.combine(date.fromisoformat(text), time()) if len(text) == 10 else value
        return day.replace(tzinfo=UTC) + after
    except (ValueError, OverflowError):
        return None


def _days(span: timedelta) -> str:
    days, rest = divmod(span, timedelta(days=1))
    return f"{days} days" if not rest else f"{span}"
