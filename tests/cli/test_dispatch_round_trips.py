"""How often a dispatcher waits for the server of its state; each time takes the way there and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.cli.calling import NINE, Timeline, after, calls
from tests.services import PostgresServer, Proxy
from tests.support import Stack

PEOPLE = [f"+1212555{number:04d}" for number in range(100, 112)]
LIMITS = """\
contact_limits:
  - {name: a-day, max: 3, per: day}
  - {name: a-week, max: 7, per: 7d}
  - {name: after-talk, max: 3, per: 7d, after: answered}
"""
HOURLY = '{rrule: "FREQ=HOURLY;COUNT=6", dtstart: 2026-12-01T09:00:00, timezone: America/New_York}'
AT_MOST = 12
"""Round trips for each call that is placed, as docs/performance.md promises."""


@pytest.fixture
def proxy(postgres_server: PostgresServer) -> Iterator[Proxy]:
    proxy = Proxy(postgres_server.port)
    yield proxy
    proxy.close()


def test_each_call_waits_for_the_state_no_more_often_than_is_promised(
    stack: Stack, postgres_server: PostgresServer, proxy: Proxy
) -> None:
    stack.environ["VOICEFORM_STATE"] = postgres_server.url(port=proxy.port)
    stack.write(LIMITS + calls(PEOPLE, HOURLY, pace="50"))
    time = Timeline(stack)
    time.apply(NINE - timedelta(hours=1), "--approve", f"call={len(PEOPLE)}")

    def waited(seconds: int, hours: int) -> int:
        before = proxy.round_trips
        time.at(after(seconds, hours=hours), "dispatch")
        return proxy.round_trips - before

    # The later ones have calls before them, of which the ledger is asked how they ended.
    for hours in range(3):
        placing, idle = waited(1, hours), waited(2, hours)
        assert len(time.placed()) == (hours + 1) * len(PEOPLE)
        assert 4 * len(PEOPLE) < placing - idle <= AT_MOST * len(PEOPLE)
