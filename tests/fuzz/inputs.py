"""Inputs for the targets: seeds that are changed at random, and those that once found something."""

from __future__ import annotations

from pathlib import Path

from hypothesis import strategies as st

from tests.fuzz.targets import TARGETS, Target

CORPUS = Path(__file__).parent / "corpus"
"""A folder for each target, called as it is with hyphens for blanks."""

_LONGEST = 20_000


def folder_of(name: str) -> Path:
    """The corpus of a target."""
    return CORPUS / name.replace(" ", "-")


def kept(name: str) -> list[bytes]:
    """What stands in the corpus of a target, and its seeds."""
    files = sorted(path for path in folder_of(name).glob("*") if path.is_file())
    return [*TARGETS[name].seeds, *(path.read_bytes() for path in files)]


def inputs(name: str) -> st.SearchStrategy[bytes]:
    """Bytes for a target: any, and what is kept with up to six changes."""
    target = TARGETS[name]
    piece = st.binary(max_size=8)
    if target.words:
        piece = st.one_of(st.sampled_from(target.words), piece)
    change = st.tuples(st.floats(0, 1), st.integers(0, 12), piece)
    changed = st.tuples(st.sampled_from(kept(name) or [b""]), st.lists(change, max_size=6)).map(_changed)
    return st.one_of(changed, changed, st.binary(max_size=60), _words(target))


def _words(target: Target) -> st.SearchStrategy[bytes]:
    return st.lists(st.sampled_from([*target.words, b" ", b"a", b"1"]), max_size=12).map(b"".join)


def _changed(drawn: tuple[bytes, list[tuple[float, int, bytes]]]) -> bytes:
    """In place of so many bytes, somewhere, others."""
    content, changes = drawn
    for where, length, piece in changes:
        at = int(where * len(content))
        content = content[:at] + piece + content[at + length :]
    return content[:_LONGEST]
