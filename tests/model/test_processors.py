"""Threads that are kept on one processor, and let go again."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from voiceform.model.processors import on_one_processor

ALONE = """\
import os
os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
"""
OF_ANOTHER_SYSTEM = """\
import sys
sys.platform = "darwin"
"""
SIDE_BY_SIDE = """\
import sys
sys._is_gil_enabled = lambda: False
"""
LOOK = """\
import os
from voiceform.model.processors import on_one_processor
before = os.sched_getaffinity(0)
with on_one_processor():
    print(os.sched_getaffinity(0) == before, end=" ")
print(os.sched_getaffinity(0) == before)
"""

linux = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody may choose")


def mine() -> set[int]:
    return os.sched_getaffinity(0)


def in_a_thread(ask: Callable[[], set[int]]) -> set[int]:
    found: list[set[int]] = []
    thread = threading.Thread(target=lambda: found.append(ask()))
    thread.start()
    thread.join()
    return found[0]


@linux
def test_a_thread_and_those_that_it_starts_run_on_one_and_then_on_all() -> None:
    before = mine()
    with on_one_processor():
        there = mine()
        assert len(there) == 1
        assert there <= before
        assert in_a_thread(mine) == there
        assert in_a_thread(lambda: in_a_thread(mine)) == there
    assert mine() == before
    assert in_a_thread(mine) == before


@linux
def test_other_threads_stay_where_they_are() -> None:
    before, moved, asked = mine(), threading.Event(), threading.Event()
    found: list[set[int]] = []

    def look() -> None:
        moved.wait()
        found.append(mine())
        asked.set()

    thread = threading.Thread(target=look)
    thread.start()
    with on_one_processor():
        moved.set()
        asked.wait()
    thread.join()
    assert found == [before]


@linux
def test_within_another_it_changes_nothing() -> None:
    before = mine()
    with on_one_processor():
        there = mine()
        with on_one_processor():
            assert mine() == there
        assert mine() == there
    assert mine() == before


@linux
def test_an_error_ends_it() -> None:
    before = mine()
    with pytest.raises(ZeroDivisionError), on_one_processor():
        raise ZeroDivisionError
    assert mine() == before


@linux
@pytest.mark.parametrize("name", ["plain", "a) 7 (b", "with spaces", ") ) )"])
def test_the_name_of_a_program_is_not_read_as_a_number(name: str) -> None:
    before = mine()

    def named() -> set[int]:
        Path("/proc/thread-self/comm").write_text(name, encoding="utf-8")
        with on_one_processor():
            return mine()

    there = in_a_thread(named)
    assert len(there) == 1
    assert there <= before


@linux
@pytest.mark.parametrize("where", [ALONE, OF_ANOTHER_SYSTEM, SIDE_BY_SIDE])
def test_where_there_is_nothing_to_gain_or_to_choose_nothing_changes(where: str) -> None:
    done = subprocess.run([sys.executable, "-c", where + LOOK], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]
