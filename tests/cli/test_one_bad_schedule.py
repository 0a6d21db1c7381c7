"""A recorded schedule that cannot be read here, and a ledger that is damaged: they stop no other."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cli.calling import FROM, NINE, OTHER, SCHEDULE, TO, Timeline, after
from tests.support import Stack
from voiceform.state.open import open_store

BEFORE = after(hours=-3)


@pytest.fixture
def time(stack: Stack) -> Timeline:
    """Two schedules, call.bad and call.good, both due at nine."""
    stack.write(f"calls:\n{block('bad', TO)}{block('good', OTHER)}")
    time = Timeline(stack)
    time.apply(BEFORE)
    return time


def block(name: str, to: str, **more: str) -> str:
    settings = {"to": f'"{to}"', "from": f'"{FROM}"', "schedule": SCHEDULE, "answer": "{say: Hello}", **more}
    return f"  {name}:\n" + "".join(f"    {key}: {value}\n" for key, value in settings.items())


def rewrite(stack: Stack, prefix: str, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the recorded documents that begin with `prefix` as another program would."""
    with open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store:
        found = list(store.list(prefix))
        assert found
        for entry in found:
            document = copy.deepcopy(dict(entry.document))
            change(document)
            store.put(entry.key, document, entry.version)


SPOILT = [
    {"schedule": {"at": "2026-12-01T09:00:00", "timezone": "Mars/Olympus"}},
    {"schedule": {"cron": "61 9 * * *", "timezone": "UTC"}},
    {"schedule": {"rrule": "FREQ=SECONDLY", "dtstart": "2026-12-01T09:00:00", "timezone": "UTC"}},
    {"calling_hours": {"start": "08:00", "end": "21:00", "timezone": "Mars/Olympus"}},
    {"calling_hours": {"start": "21:00", "end": "08:00", "timezone": "recipient"}},
    {"do_not_call": [{"file": "list.txt", "expires": "until"}]},
]


@pytest.fixture
def spoilt(stack: Stack, time: Timeline) -> Timeline:
    rewrite(stack, "resources/call.bad", lambda document: document["attributes"].update(SPOILT[0]))
    return time


@pytest.mark.parametrize("part", SPOILT, ids=lambda part: f"{next(iter(part))}-{SPOILT.index(part)}")
def test_the_others_are_called(part: dict[str, Any], stack: Stack, time: Timeline) -> None:
    rewrite(stack, "resources/call.bad", lambda document: document["attributes"].update(part))
    listed = time.at(BEFORE, "calls", "list", "--format", "json")
    assert listed.code == 0
    assert [row["address"] for row in listed.json["calls"]] == ["call.good"]
    assert "call.bad: nobody is called: " in listed.err
    result = time.at(after(1), "dispatch", "--once")
    assert result.code == 5
    assert time.placed() == [OTHER]
    assert result.out == "call.bad: nothing placed\ncall.good: 1 placed\n"
    assert "nobody is called: " in result.err


def test_plans_are_made_and_it_is_mended_by_applying_it_again(spoilt: Timeline) -> None:
    for argv in (["drift"], ["plan"], ["plan", "--destroy"]):
        assert spoilt.at(BEFORE, *argv).code == 0
    spoilt.apply(after(minutes=-30))
    assert spoilt.at(after(1), "dispatch", "--once").code == 0
    assert sorted(spoilt.placed()) == [TO, OTHER]


def test_it_can_be_removed(stack: Stack, spoilt: Timeline) -> None:
    stack.write(f"calls:\n{block('good', OTHER)}")
    spoilt.apply(BEFORE)
    assert "call.bad" not in spoilt.at(BEFORE, "state", "list").out


def test_a_damaged_ledger_keeps_only_its_own_schedule_from_calling(stack: Stack, time: Timeline) -> None:
    time.at(after(1), "dispatch", "--once")
    assert len(time.placed()) == 2
    next_day = "{at: 2026-12-02T09:00:00, timezone: America/New_York}"
    stack.write(f"calls:\n{block('bad', TO, schedule=next_day)}{block('good', OTHER, schedule=next_day)}")
    time.apply(after(hours=1))
    rewrite(stack, "ledger/call.bad/", lambda document: document.update(calls={"yesterday|1|me": {}}))
    result = time.at(after(hours=24), "dispatch", "--once")
    assert result.code == 5
    assert time.placed()[2:] == [OTHER]
    assert "the ledger document 'ledger/call.bad/" in result.err


def test_who_gets_an_earlier_name_gets_a_ledger_of_its_own(stack: Stack) -> None:
    """A renamed schedule keeps the ledger of its first address. Another one that is declared under that
    address later must not share it: one would be taken for the other, and closed with it."""
    time = Timeline(stack)
    stack.write(f"calls:\n{block('first', TO)}")
    time.apply(BEFORE)
    stack.write(f"calls:\n{block('second', TO, aliases='[first]')}")
    time.apply(BEFORE)
    stack.write(f"calls:\n{block('second', TO)}{block('first', TO)}")
    time.apply(BEFORE)
    assert time.at(BEFORE, "plan", "--detailed-exitcode").code == 0
    stack.write(f"calls:\n{block('second', TO)}")
    time.apply(after(minutes=-5))
    assert time.at(after(1), "dispatch", "--once").out == "call.second: 1 placed\n"
    assert [row["address"] for row in time.ledger(NINE)] == ["call.second"]


def test_two_schedules_that_follow_each_other_under_one_name_both_call(stack: Stack) -> None:
    time = Timeline(stack)
    stack.write(f"calls:\n{block('first', TO)}")
    time.apply(BEFORE)
    assert time.at(BEFORE, "state", "mv", "call.first", "call.second").code == 0
    stack.write(f"calls:\n{block('first', TO)}{block('second', TO)}")
    time.apply(BEFORE)
    time.at(after(1), "dispatch", "--once")
    assert time.placed() == [TO, TO]
    assert sorted(row["address"] for row in time.ledger(after(2))) == ["call.first", "call.second"]


def test_nobody_plans_by_two_schedules_of_one_ledger(stack: Stack) -> None:
    """As where a store writes documents one by one and `state mv` died in between: to remove one would close
    the ledger of the other, by which nobody would be called any more."""
    time = Timeline(stack)
    stack.write(f"calls:\n{block('first', TO)}")
    time.apply(BEFORE)
    with open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store:
        entry = store.get("resources/call.first")
        assert entry is not None
        store.put("resources/call.second", {**entry.document, "address": "call.second"}, None)
    stack.write(f"calls:\n{block('second', TO)}")
    for command in (("plan",), ("apply", "--auto-approve")):
        refused = time.at(BEFORE, *command)
        assert refused.code == 1
        assert "call.first and call.second are both recorded with the ledger call.first" in refused.err
    assert time.at(BEFORE, "state", "mv", "call.first", "call.second").code == 0
    assert time.at(BEFORE, "plan", "--detailed-exitcode").code == 0
    time.at(after(1), "dispatch", "--once")
    assert time.placed() == [TO]


def test_a_state_in_which_two_schedules_share_a_ledger_is_not_pushed(stack: Stack, time: Timeline) -> None:
    document = stack.ok("state", "pull").json
    documents = document["documents"]
    documents["resources/call.bad"]["attributes"]["ledger"] = "call.good"
    document["serial"] += 1
    del document["digest"]
    (stack.folder / "edited.json").write_text(json.dumps(document))
    refused = stack.run("state", "push", "edited.json")
    assert refused.code == 1
    assert "both recorded with the ledger call.good" in refused.err
