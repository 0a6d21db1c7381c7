"""Work that is made ready ahead: in order, no further than it may be, and with an end whatever happens."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.retention.deletion.ahead import Ahead
from voiceform.model.runtime import MACHINE


def same(batch: Sequence[int]) -> Sequence[int]:
    return batch


@given(st.integers(0, 60), st.integers(1, 20))
def test_everything_comes_once_and_in_order(count: int, most: int) -> None:
    with Ahead(same, range(count), most, MACHINE) as ahead:
        assert list(ahead) == [*range(count)]


@pytest.mark.parametrize("most", [1, 2, 5, 12])
def test_no_more_is_made_than_may_be_ahead(most: int) -> None:
    made = 0

    def counted() -> Iterator[int]:
        nonlocal made
        for number in range(200):
            made += 1
            yield number

    with Ahead(same, counted(), most, MACHINE) as ahead:
        for taken, number in enumerate(ahead):
            assert number == taken
            assert made <= taken + 1 + most
    assert made == 200


def test_what_is_missing_is_made_in_one_go() -> None:
    batches: list[int] = []

    def make(batch: Sequence[int]) -> Sequence[int]:
        batches.append(len(batch))
        return batch

    with Ahead(make, range(100), 10, MACHINE) as ahead:
        assert len(list(ahead)) == 100
    assert batches[0] == 10
    assert len(batches) <= 1 + 90 // 5 + 1


@pytest.mark.parametrize("where", ["items", "make"])
def test_an_error_comes_after_what_was_made_before_it(where: str) -> None:
    def items() -> Iterator[int]:
        yield from range(7)
        if where == "items":
            raise LookupError(where)
        yield from range(7, 20)

    def make(batch: Sequence[int]) -> Iterator[int]:
        for number in batch:
            if number == 7:
                raise LookupError(where)
            yield number

    taken: list[int] = []
    with Ahead(make, items(), 3, MACHINE) as ahead, pytest.raises(LookupError, match=where):
        taken.extend(ahead)
    # What was asked for together with what fails may not have been made.
    assert taken == [*range(len(taken))]
    assert 7 - 3 <= len(taken) <= 7


def test_its_thread_ends_where_nobody_takes_any_more() -> None:
    before = {*threading.enumerate()}
    with Ahead(same, itertools.count(), 4, MACHINE) as ahead:
        assert list(itertools.islice(ahead, 3)) == [0, 1, 2]
    with Ahead(same, itertools.count(), 4, MACHINE):
        pass
    assert {*threading.enumerate()} <= before
