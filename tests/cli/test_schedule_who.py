"""`voiceform schedule --who`: one line for each person; and how instants may be written."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support import Stack
from tests.terminal.terminal import Terminal
from voiceform.model.clock import ManualClock

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
BOSTON, PARIS, NEVER = "+16175550101", "+33140205050", "+12125550199"
CONFIGURATION = f"""
calls:
  morning:
    to: ["{BOSTON}", "{PARIS}", "{NEVER}"]
    from: "+12125550190"
    schedule: {{cron: "0 9 * * *", timezone: America/New_York}}
    calling_hours: {{start: "09:00", end: "14:00"}}
    misfire_grace: 30m
    do_not_call: dnc.txt
    answer: {{say: hello}}
  evening:
    to: "+12125550102"
    from: "+12125550190"
    schedule: {{cron: "0 18 * * *", timezone: America/New_York}}
    answer: {{say: hello}}
"""
SPAN = ("--start", "tomorrow", "--end", "2026-11-29")


@pytest.fixture
def scheduled(stack: Stack) -> Stack:
    stack.write(CONFIGURATION)
    (stack.folder / "dnc.txt").write_text(f"{NEVER}\n")
    return stack


def people(stack: Stack, *argv: str) -> list[dict[str, Any]]:
    done = stack.ok("schedule", "--who", *argv, "--format", "json", "--show-numbers", clock=ManualClock(NOW))
    found: list[dict[str, Any]] = done.json["people"]
    return found


def test_when_or_why_not(scheduled: Stack) -> None:
    found = {item["to"]: item for item in people(scheduled, "call.morning", *SPAN)}
    assert len(found) == 3
    assert found[BOSTON]["called_at"] == "2026-11-28T14:00:00Z"
    assert found[BOSTON]["zones"] == ["America/New_York"]
    assert (found[PARIS]["called_at"], found[PARIS]["zones"]) == (None, ["Europe/Paris"])
    assert found[PARIS]["reason"] == "outside the calling hours in Europe/Paris"
    assert found[NEVER]["reason"] == "on the do-not-call list"
    (both,) = people(scheduled, "call.evening", *SPAN)
    assert both["called_at"] == "2026-11-28T23:00:00Z"
    assert len(people(scheduled, *SPAN)) == 4


def test_as_text(scheduled: Stack) -> None:
    out = scheduled.ok("schedule", "--who", *SPAN, clock=ManualClock(NOW)).out
    assert BOSTON not in out
    assert "call.morning" in out
    assert "Sat 2026-11-28 09:00 EST  America/New_York" in out
    assert "not called                on the do-not-call list" in out
    assert BOSTON in scheduled.ok("schedule", "--who", *SPAN, "--show-numbers", clock=ManualClock(NOW)).out


def test_they_are_those_whom_the_schedule_counts(scheduled: Stack) -> None:
    counted = scheduled.ok("schedule", *SPAN, "--format", "json", clock=ManualClock(NOW)).json["schedule"]
    assert sum(item["calls"] for item in counted) == sum(
        item["called_at"] is not None for item in people(scheduled, *SPAN)
    )


def test_a_paused_schedule_calls_nobody(scheduled: Stack) -> None:
    scheduled.ok("apply", "--auto-approve", clock=ManualClock(NOW))
    scheduled.ok("calls", "pause", "call.evening")
    (found,) = people(scheduled, "call.evening", *SPAN)
    assert found["called_at"] is None
    assert "paused since" in found["reason"]


def test_people_of_a_table(scheduled: Stack) -> None:
    table = f"name,phone\nAnn,{BOSTON}\nBob,+1 212 555 0199\nCaz,nonsense 12125550133\nAnn again,{BOSTON}\n"
    (scheduled.folder / "people.csv").write_text(table)
    argv = ("call.morning", *SPAN, "--csv", "people.csv")
    found = people(scheduled, *argv)
    assert [(item["to"], item["reason"]) for item in found] == [
        (BOSTON, None),
        (NEVER, "on the do-not-call list"),
    ]
    done = scheduled.ok("schedule", *argv, clock=ManualClock(NOW))
    assert "people.csv:4: " in done.err
    assert "12125550133" not in done.err
    assert scheduled.account.writes() == []


@pytest.mark.parametrize(
    ("content", "why"),
    [(None, "cannot read"), (b"name\nAnn\n", "no column 'phone'"), (b"\xff\x00\xff", "people.csv")],
)
def test_a_table_that_is_none(scheduled: Stack, content: bytes | None, why: str) -> None:
    if content is not None:
        (scheduled.folder / "people.csv").write_bytes(content)
    refused = scheduled.run("schedule", *SPAN, "--csv", "people.csv", clock=ManualClock(NOW))
    assert refused.code == 64
    assert why in refused.err


def test_thousands_are_not_printed_unasked(scheduled: Stack) -> None:
    rows = "".join(f"+1617555{number:04}\n" for number in range(2000))
    (scheduled.folder / "people.csv").write_text(f"phone\n{rows}")
    argv = ("schedule", "call.evening", "--start", "tomorrow", "--end", "2026-11-30", "--csv", "people.csv")
    short = scheduled.ok(*argv, clock=ManualClock(NOW))
    assert len(short.out.splitlines()) == 101
    assert "3,900 more lines are not shown; --all shows them" in short.err
    document = scheduled.ok(*argv, "--format", "json", clock=ManualClock(NOW)).json
    assert (len(document["people"]), document["not_listed"]) == (100, 3900)
    whole = scheduled.ok(*argv, "--all", "--format", "json", clock=ManualClock(NOW)).json
    assert (len(whole["people"]), whole["not_listed"]) == (4000, 0)


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("now", "2026-11-27T14:00:00Z"),
        ("today", "2026-11-27T14:00:00Z"),
        ("tomorrow", "2026-11-28T14:00:00Z"),
        ("tomorrow 09:00", "2026-11-28T14:00:00Z"),
        ("tomorrow 09:01", "2026-11-29T14:00:00Z"),
        ("2026-12-01", "2026-12-01T14:00:00Z"),
        ("2026-12-01T09:01", "2026-12-02T14:00:00Z"),
        ("2026-12-01T14:00:00Z", "2026-12-01T14:00:00Z"),
    ],
)
def test_how_an_instant_may_be_written(scheduled: Stack, text: str, begin: str) -> None:
    done = scheduled.ok(
        "schedule", "call.morning", "--start", text, "--format", "json", clock=ManualClock(NOW)
    )
    assert done.json["schedule"][0]["occurrence"] == begin


@pytest.mark.parametrize("text", ["someday", "tomorrow 25:00", "2026-02-30", "yesterday", "", "tomorrow9"])
def test_what_is_no_instant(scheduled: Stack, text: str) -> None:
    refused = scheduled.run("schedule", "--end", text or " ")
    assert refused.code == 64


def test_an_address_that_is_no_schedule(scheduled: Stack) -> None:
    refused = scheduled.run("schedule", "call.mornin")
    assert refused.code == 64
    assert "did you mean call.morning?" in refused.err
    assert scheduled.run("schedule", "--who", "--format", "ics").code == 64


@pytest.mark.parametrize("columns", [60, 100])
def test_it_fits_the_terminal(scheduled: Stack, columns: int) -> None:
    terminal = Terminal(scheduled.folder, scheduled.environ, "schedule", "--who", columns=columns)
    assert terminal.end() == 0
    assert all(len(line) <= columns for line in terminal.lines)
