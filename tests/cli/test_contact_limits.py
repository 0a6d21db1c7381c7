"""How often one person is called, over all schedules of a state."""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.cli.calling import BUSY, FROM, NINE, OTHER, TO, Timeline, after
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


def impact(stack: Stack, time: Timeline, moment: datetime) -> dict[str, str]:
    """What a plan says of each schedule."""
    changes = time.at(moment, "plan", "--format", "json").json["changes"]
    return {change["address"]: " | ".join(change["impact"]) for change in changes}


def test_the_plan_foresees_whom_a_limit_will_spare(stack: Stack, time: Timeline) -> None:
    """Of three schedules that call one person on one day, before any of them has called."""
    write(stack, {"a": {}, "b": {"to": [OTHER, TO]}, "c": {}}, DAY)
    found = impact(stack, time, NINE - timedelta(hours=1))
    assert "the next occurrence calls 2 people" in found["call.b"]
    assert (
        "the next occurrence calls 0 people, 1 suppressed: contact limit a-day (2 per day),"
        " until 2026-12-02 05:00 UTC (1)"
    ) in found["call.c"]
    plan = time.at(NINE - timedelta(hours=1), "plan", "--format", "json").json
    counts = {change["address"]: change.get("counts", {}).get("scheduled:call") for change in plan["changes"]}
    assert counts == {"call.a": 1, "call.b": 2, "call.c": None}
    for format_ in ("text", "markdown", "html"):
        told = time.at(NINE - timedelta(hours=1), "plan", "--format", format_).out
        assert "contact limit a-day" in " ".join(told.split()), format_


def test_what_is_due_in_one_plan_counts_together(stack: Stack, time: Timeline) -> None:
    write(stack, {"a": {}, "b": {}, "c": {}}, DAY)
    found = impact(stack, time, after(10))
    assert "1 call due now, placed by apply" in found["call.b"]
    assert (
        "1 call suppressed: contact limit a-day (2 per day), until 2026-12-02 05:00 UTC (1)"
        in found["call.c"]
    )
    time.apply(after(10))
    assert called(stack) == {TO: 2}
    time.at(after(65), "dispatch")
    assert sorted(time.statuses(after(70))) == ["answered", "answered", "suppressed"]


def test_schedule_and_who_say_whom_it_spares_and_until_when(stack: Stack, time: Timeline) -> None:
    write(stack, {"a": {}, "b": {}, "c": {"to": [TO, OTHER]}}, DAY)
    before = NINE - timedelta(hours=1)
    lines = time.at(before, "schedule", "--end", "2026-12-02").out
    assert (
        "call.c  1 call\n    not called: 1 (contact limit a-day (2 per day), until 2026-12-02 05:00 UTC)"
        in lines
    )
    people = time.at(before, "schedule", "call.c", "--who", "--format", "json").json["people"]
    assert [(row["called_at"] is None, row["reason"]) for row in people] == [
        (True, "contact limit a-day (2 per day), until 2026-12-02 05:00 UTC"),
        (False, None),
    ]
    time.apply(before)
    time.at(after(5), "dispatch")
    later = {"at": "2026-12-01T15:00:00", "timezone": "America/New_York"}
    write(stack, {"a": {}, "b": {}, "c": {"to": [TO, OTHER]}, "d": {"schedule": later}}, DAY)
    (row,) = time.at(after(60), "schedule", "call.d", "--who", "--format", "json").json["people"]
    assert row["reason"] == "contact limit a-day (2 per day), until 2026-12-02 05:00 UTC"


def test_a_limit_that_ends_within_the_grace_is_waited_for(stack: Stack, time: Timeline) -> None:
    late = {"at": "2026-12-01T09:05:00", "timezone": "America/New_York"}
    limit = {"name": "apart", "max": 1, "per": "10m"}
    write(stack, {"a": {}, "b": {"schedule": late}}, limit)
    time.apply(NINE - timedelta(hours=1))
    time.at(after(1), "dispatch")
    report = time.at(after(minutes=5, seconds=1), "dispatch")
    assert "1 waiting" in report.out + report.err
    due = time.at(after(minutes=6), "calls", "list", "call.b").out
    assert "due  contact limit apart (1 per 10m)" in due
    time.at(after(minutes=10), "dispatch")
    assert called(stack) == {TO: 1}
    time.at(after(minutes=10, seconds=2), "dispatch")
    assert called(stack) == {TO: 2}


def test_a_limit_counts_calls_that_were_placed_before_it_was_there(stack: Stack, time: Timeline) -> None:
    later = {"at": "2026-12-01T09:30:00", "timezone": "America/New_York"}
    schedules: dict[str, dict[str, Any]] = {"a": {}, "b": {"schedule": later}}
    write(stack, schedules)
    time.apply(NINE - timedelta(hours=1))
    time.at(after(5), "dispatch")
    write(stack, schedules, {"name": "once", "max": 1, "per": "7d"})
    plan = time.at(after(60), "plan", "--format", "json").json
    fields = {change["address"]: [field["path"] for field in change["fields"]] for change in plan["changes"]}
    assert fields == {"call.a": ["contact_limits"], "call.b": ["contact_limits"]}
    time.apply(after(61))
    time.at(after(minutes=30, seconds=5), "dispatch")
    assert called(stack) == {TO: 1}


def test_a_limit_that_was_applied_with_one_schedule_binds_all(stack: Stack, time: Timeline) -> None:
    """And one that was loosened with one is loosened for all."""
    schedules: dict[str, dict[str, Any]] = {"a": {}, "b": {}, "c": {}}
    write(stack, schedules)
    time.apply(NINE - timedelta(hours=2))
    write(stack, schedules, DAY)
    time.apply(NINE - timedelta(hours=1), "--target", "call.c")
    for seconds in (5, 65):
        time.at(after(seconds), "dispatch")
    assert called(stack) == {TO: 2}
    again = {"at": "2026-12-01T09:30:00", "timezone": "America/New_York"}
    write(stack, {**schedules, "d": {"schedule": again}}, {**DAY, "max": 3})
    time.apply(after(120), "--target", "call.d")
    time.at(after(minutes=30, seconds=5), "dispatch")
    assert called(stack) == {TO: 3}


def test_nobody_is_called_after_an_answered_call(stack: Stack, time: Timeline) -> None:
    limit = {"name": "after-talk", "max": 0, "per": "7d", "after": "answered", "purpose": "collection"}
    half_past = {"at": "2026-12-01T09:30:00", "timezone": "America/New_York"}
    ten = {"at": "2026-12-01T10:00:00", "timezone": "America/New_York"}
    write(
        stack,
        {
            "first": {"purpose": "collection", "to": [TO, BUSY]},
            "next": {"purpose": "collection", "schedule": half_past, "to": [TO, BUSY]},
            "care": {"purpose": "care", "schedule": ten},
        },
        limit,
    )
    time.apply(NINE - timedelta(hours=1), "--approve", "call=9")
    time.at(after(1), "dispatch")
    for minutes in (30, 31, 60):
        time.at(after(minutes=minutes, seconds=1), "dispatch")
    assert called(stack) == {TO: 2, BUSY: 2}, "the talk spares one of the collection, not the reminder"
    told = time.at(after(minutes=61), "calls", "list", "call.next", "--status", "suppressed").out
    assert "contact limit after-talk (none within 7d after an answered one), until 2026-12-08" in told


def test_while_nobody_knows_whether_a_call_was_answered_the_next_one_waits(
    stack: Stack, time: Timeline
) -> None:
    limit = {"name": "after-talk", "max": 0, "per": "7d", "after": "answered"}
    soon = {"at": "2026-12-01T09:00:02", "timezone": "America/New_York"}
    write(stack, {"first": {"to": BUSY}, "next": {"schedule": soon, "to": BUSY}}, limit)
    time.apply(NINE - timedelta(hours=1))
    time.at(after(), "dispatch")
    time.at(after(2), "dispatch")
    assert called(stack) == {BUSY: 1}
    assert "what became of an earlier call is not known yet" in time.at(after(3), "calls", "list").out
    time.at(after(60), "dispatch")
    assert called(stack) == {BUSY: 2}


def test_spellings_of_one_person_count_together(stack: Stack, time: Timeline) -> None:
    """Numbers are kept as they are dialled, and counted as who is meant."""
    sip = f"sip:{TO}@pbx.example.com"
    write(stack, {"a": {}, "b": {"to": "+1 (212) 555-0101"}, "c": {"to": sip}}, DAY)
    time.apply(NINE - timedelta(hours=1))
    for seconds in (5, 65):
        time.at(after(seconds), "dispatch")
    assert sum(called(stack).values()) == 2


def test_a_call_by_hand_counts_and_is_limited(stack: Stack, time: Timeline) -> None:
    write(stack, {"a": {}}, {"name": "once", "max": 1, "per": "24h"})
    time.apply(NINE - timedelta(hours=1))
    test = ("calls", "test", "call.a", "--to", TO, "--auto-approve")
    assert time.at(NINE - timedelta(minutes=30), *test).code == 0
    refused = time.at(NINE - timedelta(minutes=20), *test)
    assert refused.code == 4
    assert "contact limit once (1 per 24h), until 2026-12-02 13:30 UTC" in refused.err
    time.at(after(5), "dispatch")
    assert called(stack) == {TO: 1}


def test_what_was_certainly_not_sent_does_not_count(stack: Stack, time: Timeline) -> None:
    """A refusal that is not about the person called, and one that is."""
    write(stack, {"a": {}}, {"name": "once", "max": 1, "per": "7d"})
    time.apply(NINE - timedelta(hours=1))
    stack.emulator.faults(
        [{"operation": "createCall", "times": 2, "kind": "status", "status": 403, "code": 20003}]
    )
    for seconds in (1, 30, 60):
        time.at(after(seconds), "dispatch")
    assert called(stack) == {TO: 1}


def test_retries_count(stack: Stack, time: Timeline) -> None:
    retry = {"attempts": 5, "delay": "1m", "on": ["busy"]}
    write(stack, {"a": {"to": BUSY, "retry": retry}}, DAY)
    time.apply(NINE - timedelta(hours=1))
    for minute in range(8):
        time.at(after(minutes=minute, seconds=5), "dispatch")
    assert called(stack) == {BUSY: 2}


def test_no_number_stands_in_a_counter(stack: Stack, time: Timeline) -> None:
    write(stack, {"a": {"to": [TO, f"sip:{OTHER}@pbx.example.com"]}})
    time.apply(NINE - timedelta(hours=1))
    time.at(after(5), "dispatch")
    documents = time.at(after(10), "state", "pull").json["documents"]
    counters = {key: text for key, text in documents.items() if key.startswith("contacts/")}
    assert len(counters) == 2
    assert "2125550" not in json.dumps(counters)


def test_an_older_state_that_is_pushed_takes_no_call_back(stack: Stack, time: Timeline) -> None:
    half_past = {"at": "2026-12-01T09:30:00", "timezone": "America/New_York"}
    write(stack, {"a": {}, "b": {"schedule": half_past}}, {"name": "once", "max": 1, "per": "7d"})
    time.apply(NINE - timedelta(hours=1))
    older = time.at(NINE - timedelta(minutes=1), "state", "pull").json
    time.at(after(5), "dispatch")
    del older["digest"]
    (stack.folder / "older.json").write_text(json.dumps({**older, "serial": 99}), encoding="utf-8")
    assert time.at(after(60), "state", "push", "older.json").code == 0
    time.at(after(minutes=30, seconds=5), "dispatch")
    assert called(stack) == {TO: 1}


def test_the_counters_move_to_another_store_with_the_state(stack: Stack, time: Timeline) -> None:
    half_past = {"at": "2026-12-01T09:30:00", "timezone": "America/New_York"}
    write(stack, {"a": {}, "b": {"schedule": half_past}}, {"name": "once", "max": 1, "per": "7d"})
    time.apply(NINE - timedelta(hours=1))
    time.at(after(5), "dispatch")
    (stack.folder / "moved.json").write_text(time.at(after(60), "state", "pull").out, encoding="utf-8")
    assert time.at(after(61), "--state", "sqlite:///moved.db", "state", "push", "moved.json").code == 0
    time.at(after(minutes=30, seconds=5), "--state", "sqlite:///moved.db", "dispatch")
    assert called(stack) == {TO: 1}


def test_what_is_exported_is_what_was_applied(stack: Stack, time: Timeline) -> None:
    weekly = {"name": "a-week", "max": 3, "per": "week", "timezone": "Europe/Berlin", "purpose": "care"}
    talk = {"name": "talk", "max": 0, "per": "7d", "after": "answered"}
    schedules = {"a": {"purpose": "care"}, "b": {}}
    write(
        stack, schedules, DAY, weekly, talk, {"name": "reached", "max": 1, "per": "24h", "counts": "answered"}
    )
    before = NINE - timedelta(hours=1)
    time.apply(before)
    stack.write(time.at(before, "export").out)
    assert "contact_limits:" in (stack.folder / "voiceform.yaml").read_text(encoding="utf-8")
    plan = time.at(before, "plan", "--format", "json").json
    assert [change["action"] for change in plan["changes"]] == ["no-op", "no-op"]


@pytest.mark.parametrize(
    ("limits", "code", "says"),
    [
        ([{"name": "a", "max": 0, "per": "7d"}], "invalid-limit", "calls nobody"),
        ([{"name": "a", "max": 1, "per": "93d"}], "invalid-limit", "92 days"),
        ([DAY, {**DAY, "max": 3}], "duplicate-limit", "has the name a-day"),
        ([{**DAY, "purpose": "colection"}], "unused-limit", "did you mean collection?"),
        ([{**DAY, "per": "fortnight"}], "invalid-value", "must be a duration"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    stack: Stack, limits: list[dict[str, Any]], code: str, says: str
) -> None:
    write(stack, {"a": {"purpose": "collection"}}, *limits)
    found = stack.run("validate")
    assert f"[{code}]" in found.out + found.err
    assert says in found.out + found.err
    assert "voiceform.yaml:" in found.out + found.err


def test_a_limit_that_is_taken_out_limits_nobody(stack: Stack, time: Timeline) -> None:
    write(stack, {"a": {}, "b": {}, "c": {}}, DAY)
    time.apply(NINE - timedelta(hours=2))
    write(stack, {"a": {}, "b": {}, "c": {}})
    plan = time.at(NINE - timedelta(hours=1), "plan").out
    assert "contact_limits" in plan
    time.apply(NINE - timedelta(hours=1))
    time.at(after(5), "dispatch")
    assert called(stack) == {TO: 3}


def test_an_overlay_changes_a_limit_by_its_name(stack: Stack, time: Timeline) -> None:
    write(stack, {"a": {}, "b": {}}, DAY, {"name": "a-week", "max": 9, "per": "week"})
    (stack.folder / "staging.yaml").write_text("contact_limits: [{name: a-day, max: 1}]\n", encoding="utf-8")
    time.apply(NINE - timedelta(hours=1), "--overlay", "staging.yaml")
    for seconds in (5, 65):
        time.at(after(seconds), "dispatch")
    assert called(stack) == {TO: 1}


def test_lists_in_another_order_spare_the_same_people(stack: Stack, time: Timeline) -> None:
    """Each schedule begins with whom the other calls last."""
    write(
        stack, {"a": {"to": [TO, OTHER]}, "b": {"to": [OTHER, TO]}}, {"name": "once", "max": 1, "per": "24h"}
    )
    time.apply(NINE - timedelta(hours=1))
    for seconds in (5, 65, 125):
        time.at(after(seconds), "dispatch")
    assert called(stack) == {TO: 1, OTHER: 1}
    assert sorted(time.statuses(after(130))) == ["answered", "answered", "suppressed", "suppressed"]
