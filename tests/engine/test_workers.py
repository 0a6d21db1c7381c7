"""Threads that take their work by themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.engine.workers import run_all
from voiceform.model.runtime import Machine, Started


@given(st.lists(st.integers()), st.integers(1, 9))
def test_every_item_is_worked_on_once(items: list[int], threads: int) -> None:
    assert sorted(run_all(lambda item: (item,), items, threads)) == sorted((item,) for item in items)


@given(st.lists(st.one_of(st.none(), st.integers())), st.integers(1, 4))
def test_nothing_to_say_is_not_told(items: list[int | None], threads: int) -> None:
    said = [item for item in items if item is not None]
    assert sorted(run_all(lambda item: item, items, threads)) == sorted(said)


def test_as_many_work_side_by_side_as_are_asked_for_and_no_more() -> None:
    """All ten wait for one another, which they could not if there were fewer."""
    together = threading.Barrier(10, timeout=60)
    seen: set[int | None] = set()

    def work(_: int) -> None:
        seen.add(threading.current_thread().ident)
        together.wait()

    assert list(run_all(work, range(200), 10)) == []
    assert len(seen) == 10


def test_few_items_start_few_threads() -> None:
    names: set[str] = set()
    before = {*threading.enumerate()}

    def work(_: int) -> int:
        names.add(threading.current_thread().name)
        return len({*threading.enumerate()} - before)

    assert max(run_all(work, range(3), 100)) <= 4
    assert all(name.startswith("voiceform") for name in names)
    assert {*threading.enumerate()} <= before


class Counting(Machine):
    """Says how many threads it has started, to whoever waits for some number of them."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.started = 0

    def start(self, function: Callable[[], object], name: str, *, daemon: bool = False) -> Started:
        thread = super().start(function, name, daemon=daemon)
        with self.changed:
            self.started += 1
            self.changed.notify_all()
        return thread


def test_all_are_there_while_the_first_item_is_waited_for() -> None:
    runtime = Counting()

    def items() -> Iterator[int]:
        with runtime.changed:
            assert runtime.changed.wait_for(lambda: runtime.started == 10, 60)
        yield from range(1, 100)

    results = run_all(lambda item: item, items(), 10, runtime, at_once=True)
    assert sorted(results) == list(range(1, 100))
    assert runtime.started == 10


@pytest.mark.parametrize(("threads", "at_most", "expected"), [(10, 3, 3), (2, 3, 2), (5, 0, 1)])
def test_no_more_are_started_than_there_are_items(threads: int, at_most: int, expected: int) -> None:
    runtime = Counting()
    results = run_all(
        lambda item: item, range(1, at_most + 1), threads, runtime, at_once=True, at_most=at_most
    )
    assert sorted(results) == list(range(1, at_most + 1))
    assert runtime.started == expected


def test_who_takes_an_item_begins_with_it() -> None:
    """What is asked while an item is taken holds for that item."""
    taken: dict[int, int | None] = {}

    def items() -> Iterator[int]:
        for number in range(500):
            taken[number] = threading.current_thread().ident
            yield number

    wrong = run_all(
        lambda item: item if taken[item] != threading.current_thread().ident else None, items(), 8
    )
    assert list(wrong) == []


def test_results_come_while_others_are_at_work() -> None:
    released = threading.Event()

    def work(item: int) -> int:
        if item == 0:
            assert released.wait(60)
        return item

    results = run_all(work, range(2), 2)
    assert next(results) == 1
    released.set()
    assert list(results) == [0]


@pytest.mark.parametrize("threads", [1, 4])
def test_an_exception_is_raised_once_what_is_in_flight_has_ended(threads: int) -> None:
    begun, ended = [], []

    def work(item: int) -> int:
        begun.append(item)
        if item == 20:
            raise KeyError(item)
        ended.append(item)
        return item

    results = run_all(work, range(100_000), threads)
    told: list[int] = []
    with pytest.raises(KeyError):
        told.extend(iter(lambda: next(results), None))
    assert sorted(begun) == sorted([*ended, 20])
    assert len(begun) < 100_000
    assert sorted(told) == sorted(ended), "what ended is told before"


def test_an_exception_of_the_items_is_raised_too() -> None:
    done: list[int] = []

    def items() -> Iterator[int]:
        yield from range(5)
        raise LookupError

    with pytest.raises(LookupError):
        list(run_all(done.append, items(), 3))
    assert sorted(done) == list(range(5))


def test_who_stops_listening_lets_nothing_more_begin() -> None:
    before = {*threading.enumerate()}
    results = run_all(lambda _: 0, iter(int, 1), 4)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined] # it is a generator
    assert {*threading.enumerate()} <= before
