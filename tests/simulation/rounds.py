"""What is asked of a schedule that repeats: each of its people once a time, and never late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.simulation.campaign import CLOCKS
from tests.simulation.declared import GRACE, IDA, ROUNDS, TIMES

if TYPE_CHECKING:
    from tests.simulation.universe import Universe

_MINUTE = 60


def rounds_checks(universe: Universe) -> Iterator[str]:
    """Counted at the server: requests that placed a call, by when they left."""
    calls: Counter[tuple[str, float]] = Counter()
    for sent in universe.server.sent:
        if sent.operation != "createCall" or sent.form["To"] not in (*ROUNDS, IDA) or sent.status != 201:
            continue
        number, late = divmod(sent.at + CLOCKS, _MINUTE)
        calls[sent.form["To"], number if universe.clocks_agree else 0] += 1
        in_time = 1 <= number <= TIMES and late <= GRACE + 2 * CLOCKS
        if universe.clocks_agree and not sent.process.paused_for and not in_time:
            yield f"{sent.form['To']} was called at {sent.at:.0f}, which is no time of the rounds"
    for (to, number), count in calls.items():
        if count > (1 if universe.clocks_agree else TIMES):
            yield f"{to} was called {count} times in round {number:.0f}"
