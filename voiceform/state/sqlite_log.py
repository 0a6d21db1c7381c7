"""Whether SQLite's write-ahead log still holds what was committed to it.

SQLite takes a log up to the first frame whose checksum is wrong and forgets the rest, since a power failure
may have torn what was never committed. So a bit that flips in there, after a writer was killed, would
quietly make an older state: calls that were placed would be placed again. But a commit is on the disk before
the index of the log (`-shm`) counts it, and the index outlives a killed writer. The formats are those of
https://www.sqlite.org/walformat.html.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path

from voiceform.model.errors import StateError

_TRIES = 3
_INDEX = struct.Struct("=14xHI12x8s8x")
"""Of the header of the index: the size of a page, how many frames are committed, the salt. Two copies of it
stand in front, and behind them how many of the frames are in the database already."""
_HEADER, _FRAME_HEADER = 32, 24
_WORDS = struct.Struct(">II")
_WHOLE_PAGE = 65536
_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class _Index:
    page: int
    frames: int
    salt: bytes
    stored: int


def require_whole_log(path: Path) -> None:
    """Raise StateError when the log of the database at `path` holds less than its index counts. Where there
    is no index, nobody knows, and nothing is said. It must not be open in this process
    (`sqlite_file.is_open_here`)."""
    index = _index(path)
    for _ in range(_TRIES):
        if index is None:
            return
        whole = _whole_frames(path, index)
        if whole is None or whole >= index.frames or (whole == 0 and index.stored >= index.frames):
            return
        again = _index(path)
        if again == index:  # nobody writes meanwhile
            raise StateError(
                f"the log of the state file {path} is damaged: {index.frames - whole} of the"
                f" {index.frames} pages that were written last cannot be read",
                hint=f"it was left as it is; move it, {path.name}-wal and {path.name}-shm away, and put a"
                " backup there. Without these pages the state is an older one, which does not know what was"
                f" done last and may do it again: who wants that all the same removes {path.name}-shm alone",
            )
        index = again


def _index(path: Path) -> _Index | None:
    """What the index says; None where there is none, or somebody is writing it."""
    name = Path(f"{path}-shm")
    size = 2 * _INDEX.size + 4
    try:
        with name.open("rb") as file:
            read = file.read(size)
    except OSError:
        return None
    header = read[: _INDEX.size]
    if len(read) != size or header != read[_INDEX.size : 2 * _INDEX.size]:
        return None
    page, frames, salt = _INDEX.unpack(header)
    return _Index(_WHOLE_PAGE if page == 1 else page, frames, salt, int.from_bytes(read[-4:], sys.byteorder))


def _whole_frames(path: Path, index: _Index) -> int | None:
    """How many frames of the log are as they were written; None where it is another log than that of the
    index."""
    length = _FRAME_HEADER + index.page
    try:
        with Path(f"{path}-wal").open("rb") as file:
            log = file.read(_HEADER + index.frames * length)
    except FileNotFoundError:
        return 0
    header = log[:_HEADER]
    if len(header) < _HEADER:
        return 0
    swapped = bool(header[3] & 1) != (sys.byteorder == "big")
    sums = _checksum(header[:24], (0, 0), swapped=swapped)
    if _WORDS.unpack(header[24:]) != sums:
        return 0
    if header[16:24] != index.salt:
        return None
    for number in range(index.frames):
        frame = log[_HEADER + number * length : _HEADER + (number + 1) * length]
        if len(frame) < length or frame[8:16] != index.salt:
            return number
        sums = _checksum(frame[:8], sums, swapped=swapped)
        sums = _checksum(frame[_FRAME_HEADER:], sums, swapped=swapped)
        if _WORDS.unpack(frame[16:24]) != sums:
            return number
    return index.frames


def _checksum(data: bytes, sums: tuple[int, int], *, swapped: bool) -> tuple[int, int]:
    """SQLite's checksum of pairs of words, which goes on from `sums`."""
    words = array("I", data[: len(data) // 8 * 8])
    if swapped:
        words.byteswap()
    first, second = sums
    pairs = iter(words)
    for one, other in zip(pairs, pairs, strict=True):
        first = (first + one + second) & _MASK
        second = (second + other + first) & _MASK
    return first, second
