"""Files that are not as they were written: every byte flipped, and every length cut; some of them, by a seed,
where all would take long. And documents in which a value is another one."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]

VALUES: tuple[Any, ...] = (
    None,
    "",
    "x",
    -1,
    10**30,
    1.5,
    True,
    False,
    [],
    {},
    [None],
    {"x": 1},
    "\x00",
    "x" * 5000,
)
WORDS: tuple[Any, ...] = (
    "9999-12-31T23:59:59Z",
    "0001-01-01T00:00:00Z",
    "+12125550101",
    "sip:a@b",
    f"QU{'1' * 32}",
    "90d",
    "0 9 * * *",
    "Europe/Paris",
    "queue.x",
    "delete",
    "<Response/>",
    "\u202e\x1b[31m",
    2**53,
)
"""What stands in documents, and is the wrong thing anywhere else."""
REMOVED, FOREIGN = "removed", "foreign key"


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done to a file, and what it is now."""

    name: str
    content: bytes


def flips(content: bytes, some: int | None, seed: int = 0, region: range | None = None) -> Iterator[Damage]:
    """One bit flipped, and all bits of a byte, at each place; at so many places where `some` says so."""
    chance = random.Random(seed)
    for at in _places(len(content), some, chance) if region is None else region:
        for mask in (1 << chance.randrange(8), 0xFF):
            changed = bytearray(content)
            changed[at] ^= mask
            yield Damage(f"byte {at} ^ {mask:#04x}", bytes(changed))


def cuts(content: bytes, some: int | None, seed: int = 0) -> Iterator[Damage]:
    """The file cut at each length, and with zeros in place of what is missing."""
    for length in _places(len(content), some, random.Random(seed)):
        yield Damage(f"cut at {length}", content[:length])
        yield Damage(f"zeros from {length}", content[:length] + bytes(len(content) - length))


def _places(length: int, some: int | None, chance: random.Random) -> list[int]:
    if some is None or some >= length:
        return list(range(length))
    ends = {*range(min(8, length)), *range(max(0, length - 8), length)}
    return sorted(ends | set(chance.sample(range(length), some)))


def mutations(whole: Any) -> Iterator[tuple[str, Any]]:
    """Each value replaced, removed, or given a foreign member; of changes in the journal, their members.

    What is changed is a copy of `whole`, and the same one each time: it holds until the next is asked for.
    """
    changed = copy.deepcopy(whole)
    for path in paths(whole):
        name, key = "/".join(map(str, path)), path[-1]
        within, old = at(changed, path[:-1]), at(whole, path)
        for value in VALUES:
            if value != old or type(value) is not type(old):
                within[key] = copy.copy(value)
                yield f"{name} {str(value)[:9]}", changed
        within[key] = copy.deepcopy(old)
        before = copy.copy(within)
        del within[key]
        yield f"{name} {REMOVED}", changed
        if isinstance(within, list):
            within[:] = before
        else:
            within.clear()
            within.update(before)
        if isinstance(old, dict):
            within[key]["foreign"] = 1
            yield f"{name} {FOREIGN}", changed
            del within[key]["foreign"]


def several(whole: Any, chance: random.Random) -> tuple[str, Any]:
    """A copy in which one to three values are gone, doubled, of other places, nearly the same, or any."""
    changed, names = copy.deepcopy(whole), []
    for _ in range(chance.choice((1, 1, 2, 3))):
        every = list(paths(changed))
        path = chance.choice(every)
        within, key, how = at(changed, path[:-1]), path[-1], chance.random()
        if how < 0.15:
            del within[key]
        elif how < 0.35:
            within[key] = copy.deepcopy(at(changed, chance.choice(every)))
        elif how < 0.45 and isinstance(within, list):
            within.append(copy.deepcopy(chance.choice(within)))
        elif how < 0.65 and isinstance(within[key], str | int):
            within[key] = _nearly(within[key], chance)
        else:
            within[key] = copy.deepcopy(chance.choice((*VALUES, *WORDS)))
        names.append("/".join(map(str, path)))
    return ", ".join(names), changed


def _nearly(value: str | int, chance: random.Random) -> Any:
    if isinstance(value, str):
        place = chance.randrange(len(value) + 1)
        return value[:place] + chance.choice(("", "0", "-", "Z", " ")) + value[place + chance.randrange(2) :]
    return value + chance.choice((-1, 1, 10**9, -(10**9)))


def paths(value: Any, path: Path = ()) -> Iterator[Path]:
    if path:
        yield path
    if "changes" in path and len(path) > 4:
        return
    members = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    for key in members:
        yield from paths(value[key], (*path, key))


def at(value: Any, path: Path) -> Any:
    for key in path:
        value = value[key]
    return value
