"""What was expected beside what is there. Pure.

A list names all that there are, in any order; a number says how many; fields that are left out of an entry
may be anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from voiceform.model.case_report import Mismatch
from voiceform.model.diagnostics import Position
from voiceform.model.document import Block, Series
from voiceform.model.numbers import are_one_person
from voiceform.model.wording import are, counted
from voiceform.testing.cases.reading import moment

Thing = Mapping[str, Any]

_PEOPLE = frozenset({"to", "from"})
_INSTANTS = frozenset({"at", "occurrence", "date_created"})
_CONTAINED = frozenset({"hears", "reason", "message"})
_MOST = 20
"""Lines of one kind that are shown."""


def all_of(what: str, wanted: Any, found: Sequence[Thing], place: Position) -> Iterator[Mismatch]:  # noqa: ANN401
    """Nothing where `found` is what is `wanted`: a number, or a list that names each."""
    if isinstance(wanted, int):
        if len(found) != wanted:
            yield Mismatch(_count(what, wanted, found), place, other=_lines(found, ()))
        return
    left, extra = _unmatched(wanted, found)
    if not left and not extra:
        return
    fields = list(dict.fromkeys(key for item in wanted for key in item))
    message = _count(what, len(wanted), found)
    if len(wanted) == len(found):
        message = f"{what}: {counted(len(left), 'is', 'are')} not as expected"
    if left and isinstance(wanted, Series):
        place = wanted.item_position(left[0])
    missing = _lines([wanted[index] for index in left], ())
    yield Mismatch(message, place, missing, _lines([found[index] for index in extra], fields))


def _count(what: str, wanted: int, found: Sequence[Thing]) -> str:
    return f"{what}: expected {wanted or 'none'}, there {are(len(found))} {len(found) or 'none'}"


def contained(what: str, wanted: Sequence[str], lines: Sequence[str], place: Position) -> Iterator[Mismatch]:
    """Nothing where each of the texts is in one of the lines."""
    missing = [index for index, text in enumerate(wanted) if not any(_holds(line, text) for line in lines)]
    if not missing:
        return
    if isinstance(wanted, Series):
        place = wanted.item_position(missing[0])
    left = tuple(str(wanted[index]) for index in missing)
    yield Mismatch(f"{what}: {counted(len(left), 'text is', 'texts are')} missing", place, left, _cut(lines))


def fits(wanted: Any, found: Any, key: str = "") -> bool:  # noqa: ANN401 - any YAML value, any value
    """Whether a thing, or one field of it, is as it is wanted."""
    if isinstance(wanted, Block):
        return all(fits(value, found.get(name), name) for name, value in wanted.items())
    if found is None:
        return False
    if key == "participants":
        return next(all_of(key, wanted, found, Position("", 0, 0)), None) is None
    if key in _PEOPLE:
        return are_one_person(str(wanted), str(found))
    if key in _INSTANTS:
        return bool(moment(str(wanted)) == found)
    if key in _CONTAINED:
        return _holds(str(found), str(wanted))
    if isinstance(wanted, bool) or isinstance(found, bool):
        return wanted is found
    return str(wanted) == str(found)


def _holds(line: str, text: str) -> bool:
    """Whether a line has a text in it; how blanks are written does not matter."""
    return " ".join(text.split()) in " ".join(line.split())


def _unmatched(wanted: Sequence[Thing], found: Sequence[Thing]) -> tuple[list[int], list[int]]:
    """The indexes of what is wanted and of what is found that stay over when as many pairs as can be are
    made: a general expectation never takes what only a narrower one would fit."""
    taken: dict[int, int] = {}

    def pair(index: int, seen: set[int]) -> bool:
        for other, thing in enumerate(found):
            if other in seen or not fits(wanted[index], thing):
                continue
            seen.add(other)
            if other not in taken or pair(taken[other], seen):
                taken[other] = index
                return True
        return False

    # What says most comes first, so that pairs seldom have to be parted again.
    order = sorted(range(len(wanted)), key=lambda index: -len(wanted[index]))
    left = sorted(index for index in order if not pair(index, set()))
    return left, [index for index in range(len(found)) if index not in taken]


def _lines(things: Sequence[Thing], fields: Sequence[str]) -> tuple[str, ...]:
    return _cut([_line(thing, fields) for thing in things])


def _cut(lines: Sequence[str]) -> tuple[str, ...]:
    rest = len(lines) - _MOST
    return tuple(lines) if rest <= 0 else (*lines[:_MOST], f"and {rest:,} more")


def _line(thing: Thing, fields: Sequence[str]) -> str:
    shown = {key: thing.get(key) for key in fields} if fields else thing
    parts = [f"{key}: {_text(value)}" for key, value in shown.items() if value is not None]
    return f"{{{', '.join(parts)}}}"


def _text(value: Any) -> str:  # noqa: ANN401 - any value
    if isinstance(value, list | tuple):
        return f"[{', '.join(_line(item, ()) for item in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    isoformat = getattr(value, "isoformat", None)
    return isoformat().replace("+00:00", "Z") if isoformat is not None else str(value)
