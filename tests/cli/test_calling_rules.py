"""Rules that schedules use: what is said about them, what plans show, and that dispatch obeys them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import PurePath
from typing import Any

import pytest
import yaml

from tests.cli.calling import NINE, OTHER, TO, Timeline, after, calls
from tests.support import Stack

PARIS = "+33142685300"
OFFICE = """
calling_rules:
  - name: office-hours
    hours: {timezone: recipient, weekly: {mon-fri: ["09:30-12:00", "13:00-21:00"]}}
"""
FRANCE = """
calling_rules:
  - name: france
    match: {to: ["+33"]}
    hours:
      timezone: Europe/Paris
      weekly: {mon-fri: ["10:00-13:00", "14:00-20:00"]}
      holidays: {country: FR}
"""
DAILY = '{cron: "0 9 * * *", timezone: America/New_York}'


@pytest.fixture
def time(stack: Stack) -> Timeline:
    return Timeline(stack)


def rule(hours: str, **more: str) -> str:
    lines = [f"    {key}: {value}" for key, value in {"hours": hours, **more}.items()]
    return "\n".join(["", "calling_rules:", "  - name: office-hours", *lines, ""])


def findings(stack: Stack, *argv: str) -> list[tuple[str, str, int]]:
    """Code, the file, and the line of each."""
    found = stack.run("validate", "--format", "json", *argv).json["diagnostics"]
    return [(item["code"], PurePath(item["file"]).name, item["line"]) for item in found]


def test_everything_that_is_wrong_is_told_at_its_place(stack: Stack) -> None:
    stack.write(
        """
calling_rules:
  - name: hours
    hours:
      timezone: Mars/Olympus
      weekly:
        mon-fri: ["08:00-12:00", "11:00-13:00"]
        fri: ["10:00-10:00"]
      holidays: {country: US, subdivision: ZZ}
      except: [2026-02-30]
  - name: places
    match:
      to:
        - FL
        - US-ZZ
    hours: {weekly: {mon-sun: ["00:00-24:00"]}}
    max_age: 3d
  - name: nothing
  - name: hours
    limits: [{max: 0, per: 30d}]
"""
        + calls(rules="[ours, hours]")
    )
    told = findings(stack)
    assert told == [
        *[("invalid-rule", "voiceform.yaml", line) for line in (6, 8, 9, 9, 10, 11, 15, 16, 18, 19)],
        ("duplicate-address", "voiceform.yaml", 20),
        ("unknown-reference", "voiceform.yaml", 28),
    ]
    shown = stack.run("validate").err
    for text in (
        "a state or province is written US-FL",
        "fri is given twice",
        "the parts of US: AK",
        "it says nothing that has to hold",
        "there is no rule ours",
        "did you mean hours?",
    ):
        assert text in shown


@pytest.mark.parametrize(
    ("weekly", "problem"),
    [
        ("{}", "weekly"),
        ("{mon: [08:00]}", 'two times of day in quotes, such as "08:00-12:00"'),
        ("{mon: 08:00-12:00}", "weekly.mon"),
        ("{mo: [08:00-12:00]}", "must be a day such as mon, or days such as mon-fri"),
        ("{mon-: [08:00-12:00]}", "must be a day such as mon"),
        ("{mon: [8:00-12:00]}", "two times of day"),
        ("{mon: [24:00-12:00]}", "two times of day"),
        ("{mon: [480]}", "put it in quotes"),
        ("{mon: []}", "no day has any hours"),
    ],
)
def test_weeks_that_cannot_be_read(stack: Stack, weekly: str, problem: str) -> None:
    stack.write(rule(f"{{weekly: {weekly}}}") + calls(rules="[office-hours]"))
    refused = stack.run("validate")
    assert (refused.code, problem in refused.err) == (1, True), refused.err


def test_the_names_of_countries_are_no_switches(stack: Stack) -> None:
    always = '{weekly: {mon-sun: ["00:00-24:00"]}, holidays: {country: NO}}'
    stack.write(rule(always, match="{to: [NO, SE]}") + calls(rules="[office-hours]"))
    assert stack.run("validate").code == 0


def test_a_file_of_rules_alone_is_looked_at(stack: Stack) -> None:
    stack.write("version: 1\n" + rule('{weekly: {mon: ["10:00-10:00"], tue: ["08:00-09:00"]}}'), "rules.yaml")
    assert findings(stack, "-f", "rules.yaml") == [("invalid-rule", "rules.yaml", 5)]


def test_rules_of_several_files_are_joined_and_no_two_share_a_name(stack: Stack) -> None:
    stack.write("version: 1\n" + OFFICE, "office.yaml")
    stack.write("version: 1\n" + FRANCE, "france.yaml")
    stack.write(calls(rules="[office-hours, france]"))
    files = ["-f", "voiceform.yaml", "-f", "office.yaml", "-f", "france.yaml"]
    assert stack.run("validate", *files).code == 0
    stack.write("version: 1\n" + OFFICE, "france.yaml")
    refused = stack.run("validate", *files)
    assert re.search(r"the rule office-hours is already declared at \S*office.yaml:4:5", refused.err)
    assert "france.yaml:4:5" in refused.err


def test_an_overlay_changes_a_rule(stack: Stack) -> None:
    stack.write(OFFICE + calls(rules="[office-hours]"))
    overlay = """
version: 1
calling_rules:
  - {name: office-hours, hours: {outside: suppress, weekly: {mon-fri: ["08:00-20:00"]}}}
"""
    stack.write(overlay, "production.yaml")
    plan = stack.run("plan", "--overlay", "production.yaml", "--format", "json").json
    [change] = plan["changes"]
    assert change["after"]["rules"]["office-hours"] == {
        "hours": {"timezone": "recipient", "weekly": {"mon-fri": ["08:00-20:00"]}, "outside": "suppress"}
    }
    stack.write(overlay.replace("office-hours", "ofice-hours"), "production.yaml")
    refused = stack.run("plan", "--overlay", "production.yaml")
    assert "did you mean office-hours?" in refused.err


def test_a_changed_rule_is_a_change_of_every_schedule_that_uses_it(stack: Stack, time: Timeline) -> None:
    second = (
        calls(OTHER).removeprefix("calls:\n").replace("reminder", "other") + "    rules: [office-hours]\n"
    )
    stack.write(OFFICE + calls(rules="[office-hours]") + second)
    time.apply(after(hours=-1))
    assert time.at(after(hours=-1), "plan", "--detailed-exitcode").code == 0
    stack.write(OFFICE.replace("12:00", "11:00") + calls(rules="[office-hours]") + second)
    plan = time.at(after(hours=-1), "plan", "--format", "json").json
    paths = {change["address"]: [field["path"] for field in change["fields"]] for change in plan["changes"]}
    assert paths == {
        address: ["rules.office-hours.hours.weekly.mon-fri[0]"] for address in ("call.other", "call.reminder")
    }


def test_dispatch_obeys_the_rules_that_were_applied(stack: Stack, time: Timeline) -> None:
    stack.write(OFFICE + calls(rules="[office-hours]", misfire_grace="2h"))
    time.apply(after(hours=-1))
    stack.write(calls(misfire_grace="2h"))  # not applied
    assert time.at(after(1), "dispatch", "--once").out.startswith("call.reminder: 1 waiting")
    assert time.at(after(minutes=29), "dispatch", "--once").code == 0
    assert time.placed() == []
    due = time.at(after(minutes=29), "calls", "list", "--status", "due").out
    assert "hours of office-hours in America/New_York, until Tue 2026-12-01 09:30 EST" in due
    time.at(after(minutes=30), "dispatch", "--once")
    assert time.placed() == [TO]


def test_on_a_holiday_nobody_is_called(stack: Stack, time: Timeline) -> None:
    christmas = datetime(2026, 12, 25, 14, tzinfo=UTC)
    stack.write(
        FRANCE.replace('["+33"]', '["+1", "+33"]')
        + calls([TO, PARIS], schedule="{at: 2026-12-25T15:00:00, timezone: Europe/Paris}", rules="[france]")
    )
    time.apply(christmas - timedelta(days=9))
    time.at(christmas, "dispatch", "--once")
    assert time.statuses(christmas) == ["suppressed"] * 2
    assert time.at(christmas, "calls", "list").out.count("outside the hours of france in Europe/Paris") == 2
    assert time.placed() == []


def test_who_waits_for_the_next_window_is_called_once_however_often_dispatch_begins(
    stack: Stack, time: Timeline
) -> None:
    """Due every evening of a weekend; placed on Monday, once, also by one that knows nothing of it."""
    weekdays = '{timezone: America/New_York, weekly: {mon-fri: ["08:00-17:00"]}, outside: next-window}'
    stack.write(
        rule(weekdays)
        + calls(
            [TO, OTHER], schedule='{cron: "0 20 * * *", timezone: America/New_York}', rules="[office-hours]"
        )
    )
    friday = datetime(2026, 12, 5, 1, tzinfo=UTC)
    monday = datetime(2026, 12, 7, 13, tzinfo=UTC)
    time.apply(friday - timedelta(hours=1))
    for moment in (
        friday,
        friday + timedelta(hours=20),
        friday + timedelta(hours=50),
        monday - timedelta(seconds=1),
    ):
        assert time.at(moment, "dispatch", "--once").code == 0
        assert time.placed() == []
    for minutes in (0, 1, 20):
        time.at(monday + timedelta(minutes=minutes), "dispatch", "--once")
    assert sorted(time.placed()) == [TO, OTHER]
    statuses = [(row["occurrence"][:10], row["status"]) for row in time.ledger(monday)]
    assert sorted(set(statuses)) == [
        ("2026-12-05", "suppressed"),
        ("2026-12-06", "suppressed"),
        ("2026-12-07", "answered"),
    ]


def test_who_waits_for_the_next_window_can_be_canceled_however_long_ago_it_was_due(
    stack: Stack, time: Timeline
) -> None:
    weekdays = '{timezone: America/New_York, weekly: {mon-fri: ["08:00-17:00"]}, outside: next-window}'
    schedule = '{cron: "0 20 * * FRI", timezone: America/New_York}'
    stack.write(rule(weekdays) + calls([TO, OTHER], schedule=schedule, rules="[office-hours]"))
    friday = datetime(2026, 12, 5, 1, tzinfo=UTC)
    monday = datetime(2026, 12, 7, 13, tzinfo=UTC)
    time.apply(friday - timedelta(hours=1))
    time.at(friday, "dispatch", "--once")
    canceled = time.at(friday + timedelta(days=2), "calls", "cancel", "call.reminder", "--auto-approve")
    assert "2 calls to come of call.reminder at 2026-12-05 01:00:00" in canceled.out
    assert time.at(monday, "dispatch", "--once").code == 0
    assert time.placed() == []
    assert time.statuses(monday) == ["canceled", "canceled"]


OLD = '{weekly: {mon-sun: ["00:00-24:00"]}}'


def test_an_old_rule_is_told_everywhere_and_calls_nobody(stack: Stack, time: Timeline) -> None:
    stack.write(
        rule(OLD, as_of="2026-01-01", max_age="300d", match='{to: ["+1212"]}')
        + calls([TO, PARIS], rules="[office-hours]")
    )
    time.apply(after(days=-60))
    for command in ("validate", "plan"):
        told = time.at(after(hours=-1), command)
        assert told.code == 0
        assert "the rule office-hours is of 2026-01-01, and may be 300d old" in told.out + told.err, command
    soon = time.at(after(hours=-1), "dispatch", "--once")
    assert (soon.code, "nobody will be called" in soon.err + soon.out) == (5, True)
    assert "nobody is called whom the rule is about" in time.at(after(hours=-1), "calls", "list").err
    due = time.at(after(1), "dispatch", "--once")
    assert (due.code, "not called: the rule office-hours" in due.err + due.out) == (5, True)
    assert time.placed() == [PARIS], "whom it is not about"
    stack.write(
        rule(OLD, as_of="2026-11-30", max_age="300d", match='{to: ["+1212"]}')
        + calls([TO, PARIS], rules="[office-hours]")
    )
    time.apply(after(minutes=5))
    assert sorted(time.placed()) == [TO, PARIS], "within the grace after somebody looked"


def test_a_limit_of_a_rule_binds_whom_it_is_about_and_counts_every_schedule(
    stack: Stack, time: Timeline
) -> None:
    other = calls([TO, PARIS], schedule="{at: 2026-12-01T08:00:00, timezone: America/New_York}")
    other = other.removeprefix("calls:\n").replace("reminder", "earlier")
    stack.write(
        "calling_rules:\n  - {name: few, match: {to: [FR]}, limits: [{max: 1, per: 24h}]}\n"
        + calls([TO, PARIS], rules="[few]")
        + other
    )
    time.apply(after(hours=-2))
    time.at(after(hours=-1), "dispatch", "--once")
    assert sorted(time.placed()) == [TO, PARIS]
    time.at(after(1), "dispatch", "--once")
    assert sorted(time.placed()) == [TO, TO, PARIS]
    assert [row["to"] for row in time.ledger() if row["status"] == "suppressed"] == [PARIS]
    assert "contact limit few (1 per 24h)" in time.at(after(2), "calls", "list").out


def test_a_call_by_hand_obeys_them(stack: Stack, time: Timeline) -> None:
    stack.write(OFFICE + calls(rules="[office-hours]"))
    time.apply(after(hours=-1))
    refused = time.at(NINE, "calls", "test", "call.reminder", "--to", OTHER, "--auto-approve")
    assert (refused.code, "hours of office-hours in America/New_York" in refused.err) == (4, True)
    assert time.placed() == []
    allowed = time.at(after(minutes=30), "calls", "test", "call.reminder", "--to", OTHER, "--auto-approve")
    assert allowed.code == 0
    assert time.placed() == [OTHER]


def test_a_preview_says_which_rule_keeps_whom_and_until_when(stack: Stack, time: Timeline) -> None:
    stack.write(
        OFFICE
        + FRANCE.removeprefix("\ncalling_rules:\n")
        + calls([TO, PARIS, OTHER], schedule=DAILY, rules="[office-hours, france]", misfire_grace="2h")
    )
    text = time.at(after(hours=-1), "schedule", "--end", "2026-12-01T15:00:00Z").out
    assert "waiting: 2 (hours of office-hours in America/New_York, until Tue 2026-12-01 09:30 EST)" in text
    [shown] = time.at(after(hours=-1), "schedule", "--end", "2026-12-01T15:00:00Z", "--format", "json").json[
        "schedule"
    ]
    assert (shown["calls"], shown["waiting"], [item["count"] for item in shown["waiting_for"]]) == (1, 2, [2])
    who = time.at(after(hours=-1), "schedule", "--who", "--end", "2026-12-01T15:00:00Z", "--format", "json")
    assert [(row["rules"], row["called_at"][11:16]) for row in who.json["people"]] == [
        (["office-hours"], "14:30"),
        ([], "14:00"),
        (["office-hours"], "14:30"),
    ]
    lines = time.at(after(hours=-1), "schedule", "--who", "--end", "2026-12-01T15:00:00Z").out.splitlines()
    assert lines[1].endswith("America/New_York, waits for office-hours")


def test_closed_days_of_a_table_are_recorded_and_a_changed_table_is_a_change(
    stack: Stack, time: Timeline
) -> None:
    always = 'weekly: {mon-sun: ["00:00-24:00"]}, except: [2026-12-24, {csv: closed.csv, column: day}]'
    (stack.folder / "closed.csv").write_text("day;why\n2026-12-25;x\n2026-12-24;y\n")
    stack.write(rule(f"{{{always}}}") + calls(rules="[office-hours]"))
    time.apply(after(hours=-1))
    (stack.folder / "closed.csv").unlink()
    assert time.at(after(1), "dispatch", "--once").code == 0, "dispatch reads what was applied"
    assert time.placed() == [TO]
    assert [code for code, *_ in findings(stack)] == ["unusable-csv"]
    (stack.folder / "closed.csv").write_text("day;why\n2026-12-31;x\n")
    [change] = time.at(after(1), "plan", "--format", "json").json["changes"]
    assert [field["path"] for field in change["fields"]] == ["rules.office-hours.hours.except[1]"]


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("day\n", "has a header and no dates"),
        ("day\n2026-02-30\n", "no day of the calendar"),
        ("day\n20261224\n", "no day of the calendar"),
        ("day\n24.12.2026\n", "no day of the calendar"),
        ("date\n2026-12-24\n", "has no column 'day'"),
        ("day\n2026-12-24,x\n", "this row has 2 cells"),
        ("", "has no column"),
    ],
)
def test_a_table_that_cannot_be_read_is_no_permission(stack: Stack, table: str, problem: str) -> None:
    stack.write(
        rule('{weekly: {mon-sun: ["00:00-24:00"]}, except: [{csv: closed.csv, column: day}]}')
        + calls(rules="[office-hours]")
    )
    (stack.folder / "closed.csv").write_text(table)
    refused = stack.run("plan")
    assert (refused.code, problem in refused.err) == (1, True), refused.err


def test_rules_are_exported_with_the_schedules_that_use_them(stack: Stack, time: Timeline) -> None:
    declared = rule(
        '{timezone: UTC, weekly: {mon-fri: ["08:00-12:00", "13:00-17:00"], sat: ["22:00-02:00"]},'
        " holidays: {country: US, subdivision: FL}, except: [2026-12-24], outside: next-window}",
        match='{to: ["+1", US-FL, "305"]}',
        limits="[{max: 3, per: 24h}]",
        as_of="2026-11-01",
        max_age="400d",
    )
    plain = calls(rules="[office-hours]")
    stack.write(declared + plain)
    time.apply(after(hours=-1))
    text = time.at(after(hours=-1), "export").out
    exported: Any = yaml.load(text, yaml.BaseLoader)
    assert exported["calls"]["reminder"]["rules"] == ["office-hours"]
    assert exported["calling_rules"][0]["hours"]["outside"] == "next-window"
    stack.write(text.replace("version: 1\n", ""))
    assert time.at(after(hours=-1), "plan", "--detailed-exitcode").code == 0
    part = time.at(after(hours=-1), "export", "--target", "call.reminder").out
    assert "office-hours" in part
    assert "calling_rules:" in part


def test_a_rule_that_two_schedules_recorded_differently_is_exported_twice(
    stack: Stack, time: Timeline
) -> None:
    second = (
        calls(OTHER).removeprefix("calls:\n").replace("reminder", "other") + "    rules: [office-hours]\n"
    )
    stack.write(OFFICE + calls(rules="[office-hours]") + second)
    time.apply(after(hours=-1))
    stack.write(OFFICE.replace("12:00", "11:00") + calls(rules="[office-hours]") + second)
    time.apply(after(hours=-1), "--target", "call.other")
    exported: Any = yaml.load(time.at(after(hours=-1), "export").out, yaml.BaseLoader)
    assert [item["name"] for item in exported["calling_rules"]] == ["office-hours", "office-hours-2"]
    used = [exported["calls"][name]["rules"] for name in ("other", "reminder")]
    assert sorted(used) == [["office-hours"], ["office-hours-2"]]
