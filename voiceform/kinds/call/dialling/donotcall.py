"""What do-not-call lists and files like them say of people. None, an empty one, or an old one means no calls.
Pure."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol, TypeVar

from voiceform.model.durations import format_duration, parse_duration
from voiceform.model.errors import VoiceformError
from voiceform.model.numbers import dialled_digits, person

T = TypeVar("T")
SHORTEST = 10
"""The digits of a number without its country: so many at least."""


class DoNotCallError(VoiceformError):
    """A list is missing, unreadable, damaged, empty or too old; nobody is called until it is mended."""


class NotCalled(Protocol):
    """Says of people whether they must not be called."""

    def refusal(self, number: str, now: datetime) -> str | None:
        """Why `number` must not be called at `now`, or None; DoNotCallError when nobody can know."""


class FileSpec(ABC):
    """A file by which people are not called, and how old it may be: `max_age`, counted from `as_of`, or from
    when the file was last written. `file` is relative to the folder of the stack."""

    __slots__ = ()

    file: str
    max_age: timedelta | None
    as_of: datetime | None

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is called, as the beginning of a sentence."""


class Content(Protocol):
    """What such a file says."""

    @property
    def modified(self) -> datetime:
        """When it was last written."""

    def refusal(self, who: str, dialled: str | None, now: datetime) -> str | None:
        """Why a person, or who is reached by dialling these digits, must not be called at `now`; or None."""


@dataclass(frozen=True, slots=True)
class ListSpec(FileSpec):
    """One list. Without `column` it is a text with a number on each line; with it a table, with a header or,
    where columns are numbers (from 1), without one.

    `expires` is the column that says until when an entry counts.
    """

    file: str
    column: str | int | None = None
    expires: str | int | None = None
    max_age: timedelta | None = None
    as_of: datetime | None = None
    allow_empty: bool = False

    @property
    def title(self) -> str:
        """What it is called."""
        return f"the do-not-call list {self.file}"

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> ListSpec:
        """From a schema-valid mapping; ValueError says what is wrong with it."""
        if "expires" in document and "column" not in document:
            raise ValueError("expires names a column of a table: name the one of the numbers with column")
        if "expires" in document and isinstance(document["column"], int) != isinstance(
            document["expires"], int
        ):
            raise ValueError("name both columns of a table by its header, or both by their numbers")
        max_age, as_of = age_of(document)
        return cls(
            document["file"],
            document.get("column"),
            document.get("expires"),
            max_age,
            as_of,
            document.get("allow_empty", False),
        )


def age_of(document: Mapping[str, Any]) -> tuple[timedelta | None, datetime | None]:
    """`max_age` and `as_of` of a schema-valid mapping. ValueError says what is wrong with them."""
    if "as_of" in document and "max_age" not in document:
        raise ValueError("as_of means nothing without max_age")
    as_of = None
    if "as_of" in document:
        as_of = instant_of(str(document["as_of"]), timedelta(0))
        if as_of is None:
            raise ValueError("as_of is no date, such as 2026-12-01")
    return parse_duration(document["max_age"]) if "max_age" in document else None, as_of


@dataclass(frozen=True, slots=True)
class ListContent:
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
            self._tails[length] = by_ending(self.people, length, max)
        return self._tails[length]

    def refusal(self, who: str, dialled: str | None, now: datetime) -> str | None:
        """Why somebody is not called, or None."""
        return "on the do-not-call list" if self._holds(who, dialled, now) else None

    def _holds(self, who: str, dialled: str | None, now: datetime) -> bool:
        until = self.people.get(who)
        if until is not None and now < until:
            return True
        if dialled is not None:
            ending = dialled[-SHORTEST:]
            until = self.tails(len(ending)).get(ending)
            if until is not None and now < until:
                return True
        if not who.startswith("+"):
            return False
        endings = (who[-length:] for length in range(SHORTEST, len(who)))
        return any((until := self.endings.get(ending)) is not None and now < until for ending in endings)


def by_ending(people: Mapping[str, T], length: int, worse: Callable[[T, T], T]) -> dict[str, T]:
    """By the last digits of their numbers, and of what else dials digits, what is said of people: of several
    who end alike what is `worse`."""
    found: dict[str, T] = {}
    for who, said in people.items():
        digits = who[1:] if who.startswith("+") else dialled_digits(who)
        if digits is not None:
            ending = digits[-length:]
            found[ending] = worse(said, found.get(ending, said))
    return found


@dataclass(frozen=True, slots=True)
class ReadList:
    """One file as it was read: what it says, or the `problem` because of which nobody can rely on it, and
    what to do about that."""

    spec: FileSpec
    content: Content | None = None
    problem: str | None = None
    hint: str | None = None

    def usable(self, at: datetime | None) -> Content:
        """What it says; DoNotCallError where it cannot be used at `at`, however old it may be for None."""
        if self.content is None:
            if self.problem is None:
                raise unusable(self.spec, "was not read")
            raise DoNotCallError(self.problem, hint=self.hint)
        if at is not None:
            self._require_fresh(self.content, at)
        return self.content

    def _require_fresh(self, content: Content, now: datetime) -> None:
        if self.spec.max_age is None:
            return
        since = self.spec.as_of or content.modified
        if since - now > timedelta(days=1):
            raise unusable(self.spec, f"claims to be of {since:%Y-%m-%d}, which has not come yet")
        if now - since > self.spec.max_age:
            raise unusable(
                self.spec,
                f"is of {since:%Y-%m-%d}, and may be {format_duration(self.spec.max_age)} old",
                "fetch a new one",
            )


@dataclass(frozen=True, slots=True)
class ReadLists:
    """The lists of one schedule as they were read. `seen_at` is for questions about the future: how old a
    list is counts then."""

    lists: tuple[ReadList, ...]
    seen_at: datetime | None = None

    def refusal(self, number: str, now: datetime) -> str | None:
        """Why `number` must not be called at `now`, or None; DoNotCallError when nobody can know.

        A SIP or client address that dials digits is held by every listed number that ends in them.
        """
        who = number if number.startswith("+") else person(number) or number
        seen = now if self.seen_at is None else min(now, self.seen_at)
        dialled = None if number.startswith("+") else dialled_digits(number)
        # All are asked: one that cannot be read blocks.
        answers = [one.usable(seen).refusal(who, dialled, now) for one in self.lists]
        return next((answer for answer in answers if answer is not None), None)

    def require(self, now: datetime | None) -> None:
        """Raise DoNotCallError when a list cannot be used at `now`; however old it may be for None."""
        for one in self.lists:
            one.usable(now)


def unusable(spec: FileSpec, problem: str, hint: str | None = None) -> DoNotCallError:
    """The error of a list; `problem` continues its name."""
    return DoNotCallError(
        f"{spec.title} {problem}",
        hint=f"{hint}; nobody is called until then" if hint else "nobody is called until it is mended",
    )


def instant_of(text: str, after: timedelta) -> datetime | None:
    """The instant of a date, or of a time without an offset, plus `after`; one with an offset is exact."""
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is not None:
            return value.astimezone(UTC)
        return value.replace(tzinfo=UTC) + after
    except (ValueError, OverflowError):
        return None
