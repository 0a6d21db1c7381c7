"""How many connections are opened at a time before a prune has anything to send."""

from __future__ import annotations

import threading
from typing import cast

import pytest

from voiceform.kinds.retention.deletion.connecting import NEAR_SECONDS, connecting
from voiceform.model.runtime import Machine
from voiceform.twilio.client import Client


class Connecting:
    """A client that only connects, each time for so many seconds of its runtime."""

    def __init__(self, seconds: float, together: int) -> None:
        self.max_in_flight = 5
        self.runtime = self
        self.opened = self.at_once = self.most_at_once = 0
        self._seconds, self._now = seconds, 0.0
        self._changed = threading.Condition()
        self._together = together
        self.start, self.pool = Machine().start, Machine().pool

    def uptime(self) -> float:
        return self._now

    def connect_ahead(self) -> None:
        with self._changed:
            self._now += self._seconds
            self.opened += 1
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            self._changed.notify_all()
            if self.opened > 1:
                assert self._changed.wait_for(lambda: self.most_at_once >= self._together, 60)
            self.at_once -= 1
            self._changed.notify_all()

    def wait_for(self, opened: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.opened == opened and not self.at_once, 60)


@pytest.mark.parametrize(("requests", "expected"), [(1, 1), (3, 3), (5, 5), (900, 5)])
def test_to_a_near_server_one_is_opened_after_the_other(requests: int, expected: int) -> None:
    client = Connecting(NEAR_SECONDS / 2, together=1)
    with connecting(cast(Client, client), requests):
        client.wait_for(expected)
    assert (client.opened, client.most_at_once) == (expected, 1)


@pytest.mark.parametrize(("requests", "expected"), [(2, 2), (900, 5)])
def test_to_a_far_server_all_are_opened_at_once(requests: int, expected: int) -> None:
    """The first says how far it is."""
    client = Connecting(NEAR_SECONDS * 2, together=expected - 1)
    with connecting(cast(Client, client), requests):
        client.wait_for(expected)
    assert (client.opened, client.most_at_once) == (expected, expected - 1)


def test_once_it_is_over_no_more_are_opened() -> None:
    client = Connecting(0.0, together=1)
    client.max_in_flight = 10_000_000
    with connecting(cast(Client, client), 10_000_000):
        pass
    assert client.opened < 10_000_000
