"""How much of SQLite's log is there, by what its index counts: on files as a killed writer leaves them."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import struct
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

import pytest

from voiceform.model.errors import StateError
from voiceform.state.sqlite_log import require_whole_log

HEADER, FRAME = 32, 24
STORED = 96
"""Where the index says how many frames are in the database already, behind two copies of its header."""


@dataclass
class Left:
    """A database and its log, of pages of some size, as somebody left them who was killed at work."""

    path: Path
    page: int

    @property
    def log(self) -> Path:
        return Path(f"{self.path}-wal")

    @property
    def index(self) -> Path:
        return Path(f"{self.path}-shm")

    @property
    def frames(self) -> int:
        """How many the index counts."""
        found: int = struct.unpack_from("=I", self.index.read_bytes(), 16)[0]
        return found

    def frame(self, number: int) -> int:
        """Where a frame of the log begins; the first is 0."""
        return HEADER + number * (FRAME + self.page)

    def lost(self) -> int:
        """How many pages it is said to have lost."""
        try:
            require_whole_log(self.path)
        except StateError as error:
            told = re.search(r"damaged: (\d+) of the (\d+) pages", error.what)
            assert told is not None
            assert (int(told[2]), told[1] != "0") == (self.frames, True)
            return int(told[1])
        return 0

    def lost_with(self, log: bytes) -> int:
        """The same, with another log in the place of this."""
        before = self.log.read_bytes()
        self.log.write_bytes(log)
        try:
            return self.lost()
        finally:
            self.log.write_bytes(before)

    def copy(self, name: str) -> Left:
        folder = self.path.parent.with_name(name)
        shutil.copytree(self.path.parent, folder)
        return Left(folder / self.path.name, self.page)


def flipped(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


def test_an_index_of_pages_that_there_are_not_finds_no_frame(writer: Writer) -> None:
    left = writer.write(1).killed()
    index = left.index.read_bytes()
    left.index.write_bytes((index[:14] + struct.pack("=H", 1001) + index[16:48]) * 2 + index[STORED:])
    assert left.lost() == left.frames


def count(index: bytes, frames: int) -> bytes:
    """The index with another number of frames in it."""
    return (index[:16] + struct.pack("=I", frames) + index[20:48]) * 2 + index[STORED:]


class Writer:
    """Who writes a page or two at a time, and can be left behind."""

    def __init__(self, folder: Path, page: int) -> None:
        self._left = Left(folder / "work" / "state.db", page)
        self._left.path.parent.mkdir()
        self.sql = sqlite3.connect(self._left.path, isolation_level=None)
        self.sql.execute(f"PRAGMA page_size={page}")
        self.sql.execute("PRAGMA journal_mode=WAL")
        self.sql.execute("PRAGMA wal_autocheckpoint=0")
        self.sql.execute("CREATE TABLE found (n INTEGER)")

    def write(self, count: int = 1) -> Writer:
        for number in range(count):
            self.sql.execute("INSERT INTO found VALUES (?)", (number,))
        return self

    def fold_in(self) -> Writer:
        """Put all of the log into the database; the next to write begins it anew."""
        self.sql.execute("PRAGMA wal_checkpoint(PASSIVE)")
        return self

    def killed(self, name: str = "killed") -> Left:
        return self._left.copy(name)


@pytest.fixture(params=[512, 65536])
def writer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Writer]:
    writer = Writer(tmp_path, request.param)
    with closing(writer.sql):
        yield writer


def test_a_log_is_whole_up_to_the_first_frame_that_is_not_as_it_was_written(writer: Writer) -> None:
    left = writer.write(1).killed()
    log, frames = left.log.read_bytes(), left.frames
    assert (left.lost(), len(log), frames > 2) == (0, left.frame(frames), True)
    for number in range(frames):
        begin = left.frame(number)
        inside = (0, 7, 8, 15, 16, 19, 20, 23, FRAME, FRAME + 5, FRAME + left.page - 1)
        assert {left.lost_with(flipped(log, begin + at)) for at in inside} == {frames - number}
        assert {left.lost_with(log[: begin + at]) for at in (0, 1, 20, 24, left.page + 23)} == {
            frames - number
        }


def test_a_log_without_its_head_holds_nothing(writer: Writer) -> None:
    left = writer.write(1).killed()
    log, frames = left.log.read_bytes(), left.frames
    for damaged in (*(flipped(log, at) for at in range(HEADER)), *(log[:length] for length in range(HEADER))):
        assert left.lost_with(damaged) == frames
    left.log.unlink()
    assert left.lost() == frames


def test_what_is_behind_the_last_commit_was_never_promised(writer: Writer) -> None:
    left = writer.write(1).killed()
    log = left.log.read_bytes()
    assert left.lost_with(log + log[left.frame(0) : left.frame(1)]) == 0
    assert left.lost_with(log + b"torn") == 0


def test_what_is_in_the_database_already_may_be_gone_from_the_log(writer: Writer) -> None:
    before = writer.write(2).killed("before")
    left = writer.fold_in().killed("after")
    log, frames = left.log.read_bytes(), left.frames
    for damaged in (b"", log[:HEADER], flipped(log, 0), flipped(log, left.frame(0))):
        assert (before.lost_with(damaged), left.lost_with(damaged)) == (frames, 0)
    # But the frames before the damage would hide what is newer in the database.
    assert left.lost_with(flipped(log, left.frame(1))) == frames - 1
    index = left.index.read_bytes()
    left.index.write_bytes(index[:STORED] + struct.pack("=I", frames - 1) + index[STORED + 4 :])
    assert left.lost_with(b"") == frames, "the last of them is not"


def test_an_index_of_a_log_that_was_begun_anew_says_nothing_of_it(writer: Writer) -> None:
    before = writer.write(2).killed("before")
    after = writer.fold_in().write(1).killed("after")
    assert (before.lost(), after.lost()) == (0, 0)
    assert before.lost_with(after.log.read_bytes()) == 0
    # What is left of the log before stands behind the frames of the one that was begun.
    assert after.log.stat().st_size > after.frame(after.frames)
    index = after.index.read_bytes()
    after.index.write_bytes(count(index, after.frames + 1))
    assert after.lost() == 1


def test_without_an_index_that_says_one_thing_nobody_knows(writer: Writer) -> None:
    left = writer.write(1).killed()
    left.log.unlink()
    index, frames = left.index.read_bytes(), left.frames
    for content, lost in [
        (index, frames),
        (index[: STORED + 4], frames),
        (index[: STORED + 3], 0),
        (index[:STORED], 0),
        (b"", 0),
        (flipped(index, 0), 0),  # somebody is writing it
        (flipped(index, 47), 0),
        (flipped(index, 48), 0),
        (flipped(index, 95), 0),
        (count(index, 0), 0),
    ]:
        left.index.write_bytes(content)
        assert left.lost() == lost
    left.index.unlink()
    assert left.lost() == 0


def test_a_log_that_came_from_a_machine_of_the_other_byte_order(writer: Writer) -> None:
    """SQLite goes on in the byte order of whoever began the log."""
    left = writer.write(2).killed()
    other = ">" if sys.byteorder == "little" else "<"
    begun = struct.pack(">I", 0x377F0682 + (other == ">")) + left.log.read_bytes()[4:24]
    sums = checksum(other, begun, (0, 0))
    log = begun + struct.pack(">II", *sums)
    for number in range(left.frames):
        frame = left.log.read_bytes()[left.frame(number) : left.frame(number + 1)]
        sums = checksum(other, frame[:8] + frame[FRAME:], sums)
        log += frame[:16] + struct.pack(">II", *sums) + frame[FRAME:]
    assert left.lost_with(log) == 0
    assert left.lost_with(flipped(log, left.frame(1))) == left.frames - 1
    left.log.write_bytes(log)
    left.index.unlink()
    with closing(sqlite3.connect(left.path)) as sql:
        assert sql.execute("SELECT count(*) FROM found").fetchone() == (2,)


def meanwhile(left: Left, indexes: Sequence[bytes], log: bytes) -> None:
    """While the log is read, which is what it is now, each time the index becomes the next of these; then
    the log becomes another."""
    read = left.log.read_bytes()

    def pipe() -> None:
        fifo = left.path.with_name("fifo")
        os.mkfifo(fifo)
        fifo.replace(left.log)

    def write() -> None:
        for place, index in enumerate(indexes, 1):
            with left.log.open("wb") as file:  # waits for who reads
                left.index.write_bytes(index)
                if place < len(indexes):
                    pipe()
                else:
                    left.log.unlink()
                    left.log.write_bytes(log)
                file.write(read)

    pipe()
    Thread(target=write, daemon=True).start()


def test_who_writes_meanwhile_damages_nothing(writer: Writer) -> None:
    """Nothing is said before the index was the same in front of and behind the log."""
    left = writer.write(3).killed()
    log, index, frames = left.log.read_bytes(), left.index.read_bytes(), left.frames
    cut = log[: left.frame(frames - 2)]
    fewer = [count(index, frames - number) for number in (1, 2, 3)]
    for indexes, behind, lost in [
        ([fewer[0], fewer[1]], cut, 0),
        ([fewer[0], fewer[0]], cut, 1),
        ([fewer[0], index], cut, 2),  # the third time it is as it was the second time
        ([fewer[0], index], log, 0),
        ([b""], cut, 0),
        ([fewer[0], index, fewer[0]], cut, 0),  # nor is it waited for ever
    ]:
        left.index.write_bytes(index)
        left.log.write_bytes(cut)
        meanwhile(left, indexes, behind)
        assert left.lost() == lost


def checksum(order: str, data: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    """Of the description: https://www.sqlite.org/fileformat2.html#checksum_algorithm"""
    first, second = sums
    for one, other in struct.iter_unpack(f"{order}II", data):
        first = (first + one + second) % 2**32
        second = (second + other + first) % 2**32
    return first, second
