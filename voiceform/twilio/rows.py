"""Rows of long lists, decoded straight from the bytes of a page.

A row keeps what was told as it was told, and makes a date or a number of it when it is asked for. What is
refused is refused while the page is read: `PageReader` only takes pages on which nothing is out of the way,
and leaves every other one, whole, to the reader that looks at each member (`Row.parse`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar, cast

import msgspec

from voiceform.twilio.sids import are_sids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from voiceform.twilio.answers import Body

T = TypeVar("T")
R = TypeVar("R", bound="TypedRow")

_WHOLE_LINES = re.compile(r"(?:-?[0-9]{1,18}(?:\.0{1,6})?\n)*", re.ASCII)
_TOLD = "told_"


class TypedRow(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, rename=lambda name: name.removeprefix(_TOLD)
):
    """A row of a list. Members named `told_...` are as the API told them, and have a property that reads
    them; `sids` names those that are SIDs, its own first, with their prefixes, and `numbers` those that may
    be digits.
    """

    sids: ClassVar[Sequence[tuple[str, str]]] = ()
    numbers: ClassVar[Sequence[str]] = ()
    private: ClassVar[frozenset[str]] = frozenset()
    """What does not show in `repr`."""

    sid: str

    def __repr__(self) -> str:
        names = (name for name in self.__struct_fields__ if name not in self.private)
        shown = (f"{name.removeprefix(_TOLD)}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__name__}({', '.join(shown)})"


class _Told(property):
    """A member that is read from what was told; `of` has it of many rows."""

    def __init__(self, name: str, read: Callable[[Any], Any]) -> None:
        get = attrgetter(_TOLD + name)
        super().__init__(lambda row: read(get(row)), doc=f"`{name}`, read.")
        self.of: Callable[[Iterable[Any]], list[Any]] = lambda rows: list(map(read, map(get, rows)))


def told(name: str, read: Callable[[Any], T]) -> T:
    """What `read` makes of the member `told_NAME`, each time that it is asked for."""
    return cast("T", _Told(name, read))


def column(rows: Sequence[TypedRow], name: str) -> list[Any]:
    """A member that was `told`, of many rows of one class: `[row.NAME for row in rows]` in a third of the
    time."""
    return cast("list[Any]", getattr(type(rows[0]), name).of(rows)) if rows else []


def some_text(value: str | None) -> str | None:
    """A text that is there: the API sends both null and "" for nothing."""
    return value or None


def some_price(value: str | float | None) -> str | None:
    """A price as text."""
    return value or None if isinstance(value, str) or value is None else str(value)


def some_number(value: int | str | None) -> int | None:
    """A whole number that was told as such or in digits, and was checked."""
    if isinstance(value, str):
        return int(value.partition(".")[0]) if value else None
    return value


@lru_cache(maxsize=4096)
def some_seconds(value: int | str | None) -> int | None:
    """As some_number; None for -1, which the service writes for what it does not know yet."""
    number = some_number(value)
    return number if number is not None and number >= 0 else None


class PageReader(Generic[R]):
    """Reads pages that hold rows of one class under `key`."""

    def __init__(self, row: type[R], key: str) -> None:
        rows: Any = list[row]  # type: ignore[valid-type]
        shape = msgspec.defstruct(
            "Page",
            [("rows", rows), ("link", str | None, None)],
            rename={"rows": key, "link": "next_page_uri"},
        )
        self._decode: Callable[[Body], Any] = msgspec.json.Decoder(shape).decode
        (self._own, self._prefix), *self._others = [(attrgetter(name), prefix) for name, prefix in row.sids]
        self._numbers = [attrgetter(name) for name in row.numbers]

    def read(self, body: Body) -> tuple[list[R], str | None] | None:
        """The rows of a page, and its link; None for a page that has to be looked at member by member."""
        try:
            if not body.isascii():
                body.decode()  # what nobody reads is skipped, and may not hide what is no text
            page = self._decode(body)
        except (ValueError, RecursionError, msgspec.MsgspecError):
            return None
        return (page.rows, page.link) if self._plain(page.rows) else None

    def _plain(self, rows: list[R]) -> bool:
        return (
            are_sids(list(map(self._own, rows)), self._prefix)
            and all(are_sids(list(filter(None, map(get, rows))), prefix) for get, prefix in self._others)
            and all(_are_whole(map(get, rows)) for get in self._numbers)
        )


def _are_whole(values: Iterable[int | str | None]) -> bool:
    """Whether those that are texts are whole numbers."""
    texts = [value for value in values if value and isinstance(value, str)]
    lines = "\n".join((*texts, ""))
    return _WHOLE_LINES.fullmatch(lines) is not None and lines.count("\n") == len(texts)
