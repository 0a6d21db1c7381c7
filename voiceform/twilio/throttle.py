"""How many requests may be in flight: adaptive, because the account's live traffic shares the limit.

Twilio limits concurrency per account, not requests per second (error 20429), and does not publish the number.
"""

from __future__ import annotations

from collections import deque

from voiceform.model.runtime import MACHINE, Lock, Runtime

_SUCCESSES_PER_STEP = 2
_BUSY_BY_DEFAULT = 80


class Throttle:
    """Lets requests through one by one up to `limit` at a time. Safe for many threads.

    Starts at `maximum`; halves when a request was refused with 429, takes a quarter off when the account as a
    whole has more than `account_ceiling` requests in flight (default: 80, or a quarter above `maximum` where
    that is more), both at most once per round trip; grows by one, slowly, after a run of successes.
    """

    def __init__(
        self, maximum: int = 8, *, account_ceiling: int | None = None, runtime: Runtime = MACHINE
    ) -> None:
        if maximum < 1:
            raise ValueError("at least one request must be allowed")
        self.maximum = maximum
        self.account_ceiling = account_ceiling or max(_BUSY_BY_DEFAULT, maximum + maximum // 4)
        self._limit = maximum
        self._in_flight = 0
        self._epoch = 0
        self._successes = 0
        self._stopped = False
        self._runtime = runtime
        # Reentrant: a signal's handler may stop on the very thread that is just taking a place.
        self._changing = runtime.reentrant()
        self._waiting: deque[Lock] = deque()
        """What those without a place wait at, each at a lock of its own, in the order in which they came."""

    @property
    def limit(self) -> int:
        """The number of requests that may be in flight now."""
        return self._limit

    @property
    def in_flight(self) -> int:
        """The number of requests that are in flight now."""
        return self._in_flight

    def acquire(self) -> int:
        """Wait for a place; returns a ticket for `release`. After `stop` nobody waits."""
        gate = self._runtime.lock()
        gate.acquire()
        with self._changing:
            self._waiting.append(gate)
            self._let_in()
        gate.acquire()
        return self._epoch

    def stop(self) -> None:
        """Let go whoever waits, now and later: nothing is to be sent any more."""
        with self._changing:
            self._stopped = True
            self._let_in()

    def release(self, ticket: int, *, throttled: bool = False, reported: int | None = None) -> None:
        """Give the place back and learn from the answer.

        `throttled` says that it was 429, `reported` is the `Twilio-Concurrent-Requests` header. Answers to
        requests that were under way before the last reduction teach nothing: they are its cause.
        """
        with self._changing:
            self._in_flight -= 1
            if throttled:
                self._reduce(ticket, self._limit // 2)
            elif reported is not None and reported > self.account_ceiling:
                self._reduce(ticket, self._limit * 3 // 4)
            elif self._limit < self.maximum and ticket == self._epoch:
                self._succeeded()
            self._let_in()

    def _let_in(self) -> None:
        """Give each place that is free to whoever waits longest: who is woken has it already, and queues for
        nothing any more."""
        while self._waiting and (self._in_flight < self._limit or self._stopped):
            try:
                gate = self._waiting.popleft()
            except IndexError:  # a signal's handler has stopped just here, and let in all
                return
            self._in_flight += 1
            gate.release()

    def _reduce(self, ticket: int, limit: int) -> None:
        self._successes = 0
        if ticket == self._epoch:
            self._epoch += 1
            self._limit = max(1, limit)

    def _succeeded(self) -> None:
        self._successes += 1
        if self._successes >= self._limit * _SUCCESSES_PER_STEP:
            self._successes = 0
            self._limit += 1
