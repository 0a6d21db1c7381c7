"""`voiceform recordings`: which rule or hold decides about each recording."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.support import Stack
from tests.terminal.terminal import Terminal
from voiceform.model.clock import ManualClock
from voiceform.render.csv import csv_line

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
CALL = "CA" + "1" * 32
CONFIGURATION = f"""
retention:
  recordings:
    - {{name: disputes, match: {{call_sid: [{CALL}]}}, keep: forever}}
    - {{name: conferences, match: {{source: [Conference]}}, keep: 365d}}
    - {{name: calls, match: {{source: [OutboundAPI]}}, keep: 90d}}
  holds:
    case-1: {{reason: litigation, match: {{created: {{start: 2026-01-01, end: 2026-02-01}}}}}}
"""


@pytest.fixture
def recorded(stack: Stack) -> Stack:
    def recording(days: int, source: str, **more: Any) -> dict[str, Any]:
        made = (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z")
        return {"date_created": made, "duration": "61", "source": source, **more}

    stack.emulator.seed(
        {
            "recordings": [
                recording(10, "OutboundAPI"),  # young
                recording(100, "OutboundAPI"),  # due
                recording(310, "OutboundAPI"),  # due, but for the hold
                recording(310, "Conference"),  # young, and on hold
                recording(400, "Conference"),  # due
                recording(500, "OutboundAPI", call_sid=CALL),  # for ever
                recording(500, "Trunking"),  # no rule
            ]
        }
    )
    stack.write(CONFIGURATION)
    return stack


def listed(stack: Stack, *argv: str) -> list[dict[str, Any]]:
    done = stack.ok("recordings", *argv, "--format", "json", clock=ManualClock(NOW))
    rows: list[dict[str, Any]] = done.json["recordings"]
    return sorted(rows, key=lambda row: (row["date_created"], row["source"]), reverse=True)


def test_each_with_what_decides(recorded: Stack) -> None:
    found = [(row["ruling"], row["rule"], row["holds"], row["due_at"]) for row in listed(recorded)]
    assert found == [
        ("younger-than-its-rule", "calls", [], "2027-02-15T12:00:00Z"),
        ("due", "calls", [], "2026-11-17T12:00:00Z"),
        ("on-hold", "calls", ["case-1"], "2026-04-21T12:00:00Z"),
        ("younger-than-its-rule", "conferences", [], "2027-01-21T12:00:00Z"),
        ("due", "conferences", [], "2026-10-23T12:00:00Z"),
        ("no-rule", None, [], None),
        ("younger-than-its-rule", "disputes", [], None),
    ]


def test_what_is_due_is_what_prune_would_delete(recorded: Stack) -> None:
    recorded.ok("prune", "--dry-run", "--format", "json", clock=ManualClock(NOW))
    plan = recorded.ok("prune", "--dry-run", "--format", "json", clock=ManualClock(NOW)).json
    assert plan["summary"]["recordings"] == len(listed(recorded, "--due")) == 2
    assert {row["ruling"] for row in listed(recorded, "--due")} == {"due"}


def test_what_is_held_is_asked_of_every_recording(recorded: Stack) -> None:
    found = listed(recorded, "--held")
    assert [(row["rule"], row["ruling"], row["holds"]) for row in found] == [
        ("calls", "on-hold", ["case-1"]),
        ("conferences", "younger-than-its-rule", ["case-1"]),
    ]


def test_a_hold_by_command_counts(recorded: Stack) -> None:
    recorded.write(f"{CONFIGURATION}queues: {{support: {{}}}}\n")
    recorded.ok("apply", "--auto-approve", "--target", "queue.support", clock=ManualClock(NOW))
    sid = listed(recorded, "--due")[0]["sid"]
    recorded.ok("hold", "add", "now", "--recording", sid, "--reason", "a claim")
    assert [row["sid"] for row in listed(recorded, "--held") if "now" in row["holds"]] == [sid]
    assert sid not in [row["sid"] for row in listed(recorded, "--due")]


def test_those_of_one_rule(recorded: Stack) -> None:
    assert {row["rule"] for row in listed(recorded, "--rule", "conferences")} == {"conferences"}
    assert len(listed(recorded, "--rule", "conferences", "--due")) == 1
    refused = recorded.run("recordings", "--rule", "conference")
    assert refused.code == 64
    assert "did you mean conferences?" in refused.err
    assert recorded.run("recordings", "--due", "--held").code == 64


def test_as_csv(recorded: Stack) -> None:
    done = recorded.ok("recordings", "--format", "csv", clock=ManualClock(NOW))
    rows = list(csv.DictReader(io.StringIO(done.out)))
    assert len(rows) == 7
    assert {row["sid"] for row in rows} == {row["sid"] for row in listed(recorded)}
    assert [row["holds"] for row in rows if row["holds"]] == ["case-1"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\n=1", "\x1b=1"])
def test_no_spreadsheet_takes_a_text_for_a_formula(text: str) -> None:
    (cell,) = next(csv.reader(io.StringIO(csv_line([text]))))
    assert cell[0] not in "=+-@\t\r\n "
    assert "\x1b" not in cell


def test_as_a_table(recorded: Stack) -> None:
    done = recorded.ok("recordings", clock=ManualClock(NOW))
    title, *lines = done.out.splitlines()
    assert title.split() == ["RECORDING", "CREATED", "LENGTH", "DUE", "DECIDED", "BY"]
    assert len(lines) == 7
    assert any(line.endswith("now         rule calls") for line in lines)
    assert any(line.endswith("2026-04-21  hold case-1") for line in lines)
    assert any(line.endswith("never       rule disputes") for line in lines)
    assert any(line.endswith("-           without a rule") for line in lines)
    assert done.err == "7 recordings: 3 not due yet; 2 due; 1 on hold; 1 without a rule.\n"


def test_thousands_are_not_printed_unasked(stack: Stack) -> None:
    span = {"start": "2020-01-01T00:00:00Z", "end": "2020-06-01T00:00:00Z"}
    stack.emulator.seed({"generate": {"recordings": {"count": 2500, **span}}})
    stack.write(CONFIGURATION)
    done = stack.ok("recordings")
    assert len(done.out.splitlines()) == 1001
    assert "1,500 more are not shown" in done.err
    assert (
        sum(
            line.startswith("RE") and "RECORDING" not in line
            for line in stack.ok("recordings", "--all").out.splitlines()
        )
        == 2500
    )
    assert len(stack.ok("recordings", "--format", "csv").out.splitlines()) == 2501
    assert len(json.loads(stack.ok("recordings", "--format", "json").out)["recordings"]) == 2500


def test_nothing_is_there(stack: Stack) -> None:
    stack.write("queues: {}")
    assert stack.ok("recordings", "--format", "json").json == {"recordings": []}
    assert len(stack.ok("recordings", "--format", "csv").out.splitlines()) == 1
    assert stack.ok("recordings").err == "0 recordings.\n"


@pytest.mark.parametrize("form", ["table", "csv", "json"])
def test_an_account_that_does_not_answer(recorded: Stack, form: str) -> None:
    recorded.emulator.faults([{"operation": "listRecordings", "kind": "status", "status": 401, "times": 99}])
    refused = recorded.run("recordings", "--format", form)
    assert refused.code == 1
    assert "recordings" not in refused.out or form == "json"


def test_nothing_is_written(recorded: Stack) -> None:
    recorded.ok("recordings", "--held")
    assert recorded.account.writes() == []
    assert not (recorded.folder / ".voiceform").exists()


@pytest.mark.parametrize("columns", [60, 100])
def test_it_fits_the_terminal(recorded: Stack, columns: int) -> None:
    terminal = Terminal(recorded.folder, recorded.environ, "recordings", columns=columns)
    assert terminal.end() == 0
    assert all(len(line) <= columns for line in terminal.lines)
    assert sum(line.startswith("RE") for line in terminal.lines) == 8
