from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.model.runtime import Lock, Machine
from voiceform.twilio.throttle import Throttle


def succeed(throttle: Throttle, times: int) -> None:
    for _ in range(times):
        throttle.release(throttle.acquire())


def test_it_starts_at_its_maximum_and_never_exceeds_it() -> None:
    throttle = Throttle(4)
    succeed(throttle, 100)
    assert throttle.limit == throttle.maximum == 4


def test_429_halves_once_per_round_trip() -> None:
    throttle = Throttle(16)
    tickets = [throttle.acquire() for _ in range(16)]
    for ticket in tickets:
        throttle.release(ticket, throttled=True)
    assert throttle.limit == 8
    throttle.release(throttle.acquire(), throttled=True)
    assert throttle.limit == 4


def test_it_never_falls_below_one() -> None:
    throttle = Throttle(2)
    for _ in range(5):
        throttle.release(throttle.acquire(), throttled=True)
    assert throttle.limit == 1


def test_it_grows_by_one_after_a_run_of_successes() -> None:
    throttle = Throttle(8)
    throttle.release(throttle.acquire(), throttled=True)
    assert throttle.limit == 4
    succeed(throttle, 7)
    assert throttle.limit == 4
    succeed(throttle, 1)
    assert throttle.limit == 5
    succeed(throttle, 100)
    assert throttle.limit == 8


def test_a_failure_ends_the_run() -> None:
    throttle = Throttle(8)
    throttle.release(throttle.acquire(), throttled=True)
    succeed(throttle, 7)
    throttle.release(throttle.acquire(), throttled=True)
    succeed(throttle, 3)
    assert throttle.limit == 2


def test_a_busy_account_takes_a_quarter_off() -> None:
    throttle = Throttle(8, account_ceiling=50)
    first, second = throttle.acquire(), throttle.acquire()
    throttle.release(first, reported=50)
    assert throttle.limit == 8
    throttle.release(second, reported=51)
    assert throttle.limit == 6


def test_asking_for_much_does_not_count_as_busy_by_itself() -> None:
    throttle = Throttle(200)
    throttle.release(throttle.acquire(), reported=200)
    assert throttle.limit == 200


class Stopping(Machine):
    """A machine on which a stop comes while a place is being taken, on the very thread: at lock `number`."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.throttle: Throttle | None = None

    def lock(self) -> Lock:  # type: ignore[override]
        self.number -= 1
        if not self.number and self.throttle is not None:
            self.throttle.stop()
        return threading.Lock()


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_stop_lets_go_whoever_waits_and_whoever_is_about_to(number: int) -> None:
    machine = Stopping(number)
    throttle = machine.throttle = Throttle(1, runtime=machine)
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(throttle.acquire) for _ in range(3)]
        assert [future.result(60) for future in waiting] == [0, 0, 0]


def test_nobody_gets_in_beyond_the_limit_and_everybody_gets_in_at_last() -> None:
    throttle = Throttle(3)
    lock = threading.Lock()
    inside = most = 0

    def work(number: int) -> None:
        nonlocal inside, most
        ticket = throttle.acquire()
        with lock:
            inside += 1
            most = max(most, inside)
        with lock:
            inside -= 1
        throttle.release(ticket, throttled=number % 7 == 0)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most <= 3
    assert throttle.in_flight == 0


@given(st.integers(1, 50), st.lists(st.tuples(st.booleans(), st.none() | st.integers(0, 300))))
def test_the_limit_stays_between_one_and_the_maximum(
    maximum: int, answers: list[tuple[bool, int | None]]
) -> None:
    throttle = Throttle(maximum)
    for throttled, reported in answers:
        throttle.release(throttle.acquire(), throttled=throttled, reported=reported)
        assert 1 <= throttle.limit <= maximum


def test_a_maximum_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Throttle(0)
