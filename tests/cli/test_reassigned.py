"""`reassigned:` through the command line: plan, schedule, dispatch, and what is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support import Stack
from voiceform.model.clock import ManualClock

CALL = """calls:
  reminder:
    to: ["+12125550101", "+12125550102", "+12125550103", "+33123456789"]
    from: "+15017122661"
    schedule: {at: 2026-12-01T09:00:00, timezone: America/New_York}
    reassigned: {csv: rnd.csv, consent: consented}
    do_not_call: [dnc.txt]
    answer: {say: Hello}
"""
ANSWERS = "number,consented,answer\n2125550101,20250131,no\n2125550102,20250131,yes\n"
DUE = datetime(2026, 12, 1, 14, tzinfo=UTC)


def ready(stack: Stack) -> ManualClock:
    """An applied schedule, an hour before it is due."""
    (stack.folder / "rnd.csv").write_text(ANSWERS)
    (stack.folder / "dnc.txt").write_text("+12125550109\n")
    stack.write(CALL)
    clock = ManualClock(DUE - timedelta(hours=1))
    stack.ok("apply", "--auto-approve", clock=clock)
    return clock


def called(stack: Stack) -> list[str]:
    """Whom the account was asked to phone."""
    return sorted(entry["params"]["To"] for entry in stack.emulator.requests("createCall"))


def test_only_whose_number_it_still_is_are_phoned(stack: Stack) -> None:
    clock = ready(stack)
    shown = stack.ok("schedule", "--who", "--show-numbers", "--end", "2026-12-02", clock=clock).out
    assert "disconnected since consent was given" in shown
    assert "not in the file of reassigned numbers" in shown
    clock.set(DUE)
    stack.ok("dispatch", "--once", clock=clock)
    assert called(stack) == ["+12125550101", "+33123456789"]
    listed = stack.ok("calls", "list", "--format", "json", "--show-numbers", clock=clock).json["calls"]
    assert {call["to"]: call["status"] for call in listed} == {
        "+12125550101": "placed",
        "+12125550102": "suppressed",
        "+12125550103": "suppressed",
        "+33123456789": "placed",
    }
    assert not stack.run("plan", "--detailed-exitcode", clock=clock).code


def test_the_file_is_read_again_at_the_moment_of_dialling(stack: Stack) -> None:
    clock = ready(stack)
    (stack.folder / "rnd.csv").write_text(ANSWERS.replace("0101,20250131,no", "0101,20250131,yes"))
    clock.set(DUE)
    stack.ok("dispatch", "--once", clock=clock)
    assert called(stack) == ["+33123456789"]


def test_nobody_is_phoned_without_the_file(stack: Stack) -> None:
    clock = ready(stack)
    (stack.folder / "rnd.csv").unlink()
    clock.set(DUE)
    done = stack.run("dispatch", "--once", clock=clock)
    assert done.code == 5
    assert "the file of reassigned numbers rnd.csv" in done.out + done.err
    assert called(stack) == []
    assert "nobody is called" in stack.run("plan", clock=clock).out


def test_the_path_is_from_the_file_that_names_it_and_is_exported(stack: Stack) -> None:
    ready(stack)
    (stack.folder / "rnd.csv").rename(stack.folder / "answers.csv")
    stack.write(CALL.replace("rnd.csv", "answers.csv"))
    assert not stack.ok("validate").err.count("warning")
    stack.apply()
    assert "reassigned: {csv: answers.csv, consent: consented}" in stack.ok("export").out.replace(
        "\n", ""
    ) or ("answers.csv" in stack.ok("export").out)


def test_settings_that_mean_nothing_are_told(stack: Stack) -> None:
    ready(stack)
    stack.write(CALL.replace("consent: consented", "consent: consented, as_of: 2026-12-01"))
    done = stack.run("validate")
    assert done.code == 1
    assert "as_of means nothing without max_age" in done.out + done.err
