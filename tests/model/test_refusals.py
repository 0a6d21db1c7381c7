"""What the machine refuses is told in words that help; a defect is not taken for it."""

from __future__ import annotations

import errno
import os
import threading

import pytest

from voiceform.model.refusals import refusal


def os_error(number: int, *names: str | None) -> OSError:
    """As the system makes it, with the files that it is about."""
    first, second = (*names, None, None)[:2]
    return OSError(number, os.strerror(number), first, None, second)


NO_THREAD = RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    ("error", "missing", "limit"),
    [
        (MemoryError(), "memory", "give it more memory"),
        (os_error(errno.ENOMEM), "memory", "give it more memory"),
        (os_error(errno.ENOMEM, "state.db"), "memory", "give it more memory"),
        (NO_THREAD, "threads", "ulimit -u"),
        (os_error(errno.EMFILE, "state.db"), "open files", "ulimit -n"),
        (os_error(errno.ENFILE), "open files", "ulimit -n"),
        (os_error(errno.ENOSPC), "room for a file", "make room on its disk"),
        (os_error(errno.EDQUOT), "room for a file", "a quota"),
        (os_error(errno.EFBIG), "room for a file", "ulimit -f"),
    ],
)
def test_what_a_process_gets_no_more_of(error: Exception, missing: str, limit: str) -> None:
    refused = refusal(error)
    assert refused is not None
    assert str(refused).startswith(f"this process gets no more {missing}")
    assert limit in (refused.hint or "")
    assert "the next run finds out first what became of what was begun" in (refused.hint or "")


@pytest.mark.parametrize("number", [errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED, errno.ECONNREFUSED])
def test_a_connection_within_the_machine_that_broke(number: int) -> None:
    refused = refusal(os_error(number))
    assert refused is not None
    assert f"was broken: {os.strerror(number)}" in str(refused)
    assert "ulimit -n" in (refused.hint or "")


@pytest.mark.parametrize(
    ("names", "where"), [(("a.yaml",), "a.yaml"), (("from", "to"), "to"), (("from", None), "from")]
)
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
def test_a_file_that_cannot_be_used_is_named(number: int, names: tuple[str | None, ...], where: str) -> None:
    refused = refusal(os_error(number, *names))
    assert refused is not None
    assert refused.where == where
    assert f"cannot be used: {os.strerror(number)}" in str(refused)
    assert "room" in (refused.hint or "")


@pytest.mark.parametrize("number", [errno.EIO, errno.ESTALE, errno.EROFS])
def test_a_disk_that_gives_errors_is_no_defect_of_ours(number: int) -> None:
    refused = refusal(os_error(number))
    assert refused is not None
    assert str(refused).startswith(f"a disk gives errors: {os.strerror(number)}")
    assert "the next run finds out first what became of what was begun" in (refused.hint or "")


@pytest.mark.parametrize(
    "error",
    [
        KeyError("to"),
        RuntimeError("dictionary changed size during iteration"),
        ValueError("can't start new thread"),
        os_error(errno.EBADF),
        OSError("without a number"),
    ],
)
def test_a_defect_of_ours_stays_one(error: Exception) -> None:
    assert refusal(error) is None


def test_python_says_so_of_threads_in_these_words() -> None:
    before = threading.stack_size(1 << 46)  # more than any machine gives to one
    try:
        with pytest.raises(RuntimeError) as caught:
            threading.Thread(target=print).start()
    finally:
        threading.stack_size(before)
    refused = refusal(caught.value)
    assert refused is not None
    assert "no more threads" in str(refused)
