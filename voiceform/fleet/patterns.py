"""Which files and folders a pattern of a fleet file means.

Not those of `glob`: its `**` follows links, and without end where they lead in circles; it lists what lies
outside, too.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterator
from pathlib import Path

from voiceform.config.sources import may_be_there
from voiceform.kinds.userfiles import Places

_MAGIC = frozenset("*?[")
_ANY_DEPTH = "**"


def is_pattern(path: str) -> bool:
    """Whether a path may mean several."""
    return not _MAGIC.isdisjoint(path)


def any_depth(pattern: str) -> bool:
    """Whether it means folders within folders, however deep."""
    return _ANY_DEPTH in Path(pattern).parts


def matching(folder: Path, pattern: str, places: Places) -> list[Path]:
    """What a pattern means from `folder` on, sorted, each once; `**` at its end means folders alone.

    What begins with a dot is meant only where the pattern says the dot. `**` follows no link. A folder that
    lies in none of the `places` is not looked into: it is among what is returned.
    """
    return sorted({*_below(folder, Path(pattern).parts, places)})


def _below(folder: Path, parts: tuple[str, ...], places: Places) -> Iterator[Path]:
    if not parts:
        yield folder
        return
    part, rest = parts[0], parts[1:]
    if not is_pattern(part):
        path = folder / part
        if may_be_there(path):
            yield from _below(path, rest, places)
        return
    if not places.holds(folder):
        yield folder
        return
    if part == _ANY_DEPTH:
        yield from _below(folder, rest, places)
    for name, is_folder in _entries(folder):
        if part == _ANY_DEPTH:
            if is_folder and not name.startswith("."):
                yield from _below(folder / name, parts, places)
        elif fnmatch.fnmatchcase(name, part) and (part.startswith(".") or not name.startswith(".")):
            yield from _below(folder / name, rest, places)


def _entries(folder: Path) -> list[tuple[str, bool]]:
    """What is in a folder, and whether it is one itself and no link; nothing where it cannot be listed."""
    try:
        with os.scandir(folder) as found:
            return [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in found]
    except OSError:
        return []
