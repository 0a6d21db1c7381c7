"""A copy of a stack's folder, in which a test may read and nothing else hears of what it writes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NoReturn

from voiceform.model.errors import UsageError, VoiceformError
from voiceform.model.paths import leads_below

MOST_FILES = 5_000
_LEFT_OUT = frozenset({"evidence", "node_modules", "__pycache__"})


def copy_stack(source: Path, target: Path) -> None:
    """Copy what may belong to a stack: neither hidden files, nor evidence, nor folders that are links. A link
    that leads to a file elsewhere stays one, and is no more read in the copy than here.

    UsageError where there is no such folder, or far more in it than a stack has; VoiceformError where one in
    it cannot be read.
    """
    if not source.is_dir():
        raise UsageError(f"there is no folder {source}", hint="correct stack.folder of the test file")
    for count, (folder, name) in enumerate(_files(source)):
        if count >= MOST_FILES:
            raise UsageError(
                f"{source} holds more than {MOST_FILES:,} files, which is no folder of a stack",
                hint="keep the tests in a folder beside voiceform.yaml, or correct stack.folder",
            )
        there = target / folder.relative_to(source)
        there.mkdir(parents=True, exist_ok=True)
        if leads_below(folder / name, [source]):
            shutil.copyfile(folder / name, there / name)
        else:
            (there / name).symlink_to(os.path.realpath(folder / name))
    target.mkdir(parents=True, exist_ok=True)


def stack_of(folder: Path) -> Path:
    """The folder of the stack that a test file in `folder` is about: the nearest that has a voiceform.yaml,
    else the one above."""
    folder = folder.resolve()
    near = (each for each in (folder, *folder.parents) if (each / "voiceform.yaml").is_file())
    return next(near, folder.parent)


def unreadable(error: OSError) -> NoReturn:
    """What os.walk is told to do with a folder that it cannot read, instead of taking it for empty."""
    raise VoiceformError(
        f"the folder cannot be read: {error.strerror}",
        where=str(error.filename),
        hint="what is in it would be missed: check that you may read it, or move it away",
    ) from error


def date_files(folder: Path, instant: datetime) -> None:
    """Let every file that is no link have been written at `instant`: lists are as young as the test is."""
    seconds = instant.timestamp()
    for root, _, names in os.walk(folder, onerror=unreadable):
        for name in names:
            if not (path := Path(root, name)).is_symlink():
                os.utime(path, (seconds, seconds))


def _files(source: Path) -> Iterator[tuple[Path, str]]:
    for root, folders, names in os.walk(source, onerror=unreadable):
        folder = Path(root)
        folders[:] = [name for name in folders if _belongs(folder / name)]
        for name in names:
            if not name.startswith(".") and _is_file(folder / name, source):
                yield folder, name


def _is_file(path: Path, source: Path) -> bool:
    return path.is_file() or (path.is_symlink() and not leads_below(path, [source]))


def _belongs(folder: Path) -> bool:
    name = folder.name
    if name.startswith(".") or name in _LEFT_OUT or folder.is_symlink():
        return False
    return not (folder / "pyvenv.cfg").exists()
