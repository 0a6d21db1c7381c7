"""How often one person is called, over all schedules of a state."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.cli.calling import FROM, NINE, OTHER, TO, Timeline, after
from tests.support import Stack

DAY = {"name": "a-day", "max": 2, "per": "day"}


def write(stack: Stack, schedules: dict[str, dict[str, Any]], *limits: dict[str, Any]) -> None:
    """Schedules that call TO at nine in New York, with these limits."""
    import yaml

    calls = {
        name: {
            "to": TO,
            "from": FROM,
            "schedule": {"at": NINE.isoformat(), "timezone": "America/New_York"},
            "answer": {"say": "Hello"},
            **more,
        }
        for name, more in schedules.items()
    }
    document = {"contact_limits": list(limits), "calls": calls}
    stack.write(yaml.safe_dump(document, sort_keys=False))


def called(stack: Stack) -> Counter[str]:
    """How many calls each number got."""
    return Counter(
        request["params"]["To"]
        for request in stack.emulator.requests("createCall")
        if request["status"] < 400
    )


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def test_the_third_schedule_of_a_day_spares_the_person(stack: Stack, time: Timeline) -> None:
    write(stack, {"a": {}, "b": {"to": [OTHER, TO]}, "c": {}}, DAY)
    time.apply(NINE - timedelta(hours=1))
    for seconds in (5, 65):  # at first the third may have to wait to know what becomes of the second
        assert time.at(NINE + timedelta(seconds=seconds), "dispatch").code == 0
    assert called(stack) == {TO: 2, OTHER: 1}
    assert Counter(time.statuses(after(70)))["suppressed"] == 1
    told = time.at(after(70), "calls", "list", "--status", "suppressed").out
    assert "contact limit a-day (2 per day), until 2026-12-02 05:00 UTC" in told
