"""Change freezes: what waits, what goes on, and what is approved."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support import Stack
from voiceform.model.clock import ManualClock

WINTER = '{start: 2026-12-20, end: 2027-01-02, reason: "peak  season"}'
WITHIN = datetime(2026, 12, 24, 9, tzinfo=UTC)
BEFORE = datetime(2026, 12, 19, 23, 59, tzinfo=UTC)
AFTER = datetime(2027, 1, 3, tzinfo=UTC)
CALL = """calls:
  reminder:
    to: "+12125550101"
    from: "+15017122661"
    schedule: {at: 2026-12-24T04:00:00, timezone: America/New_York}
    answer: {say: Hello}
"""


def declare(stack: Stack, *freezes: str, rest: str = "queues: {support: {}, sales: {}}\n") -> None:
    """A stack with these freezes."""
    stack.write(f"version: 1\nsafety: {{max_delete_percent: 100, freeze: [{', '.join(freezes)}]}}\n{rest}")


def run(stack: Stack, *argv: str, at: datetime = WITHIN) -> Any:
    """Run a command at that time."""
    return stack.run(*argv, clock=ManualClock(at))


def apply(stack: Stack, *argv: str, at: datetime = WITHIN) -> Any:
    """Apply at that time."""
    return run(stack, "apply", "--auto-approve", *argv, at=at)


def test_changes_wait_and_nothing_is_sent(stack: Stack) -> None:
    declare(stack, WINTER)
    done = apply(stack)
    assert done.code == 4
    assert "2 changes in the freeze of 2026-12-20 to 2027-01-02 (UTC): peak season" in done.out + done.err
    assert "--approve freeze=2" in done.out + done.err
    assert stack.account.writes() == []


@pytest.mark.parametrize(
    ("approve", "code"), [("freeze=2", 0), ("freeze=3", 0), ("freeze=1", 4), ("delete:queue=9", 4)]
)
def test_what_cannot_wait_is_approved_by_the_number_of_its_changes(
    approve: str, code: int, stack: Stack
) -> None:
    declare(stack, WINTER)
    assert apply(stack, "--approve", approve).code == code
    assert len(stack.account.queues()) == (2 if code == 0 else 0)


@pytest.mark.parametrize(
    ("freeze", "at", "frozen"),
    [
        (WINTER, BEFORE, False),
        (WINTER, datetime(2026, 12, 20, tzinfo=UTC), True),
        (WINTER, datetime(2027, 1, 2, 23, 59, 59, tzinfo=UTC), True),
        (WINTER, AFTER, False),
        ("{start: 2026-12-20, end: 2026-12-20, reason: a day}", WITHIN, False),
        ("{start: 2026-12-24, end: 2026-12-24, reason: a day}", WITHIN, True),
        (
            "{start: 2026-12-24, end: 2026-12-24, reason: r, timezone: America/New_York}",
            datetime(2026, 12, 24, 4, 59, tzinfo=UTC),
            False,
        ),
        (
            "{start: 2026-12-24, end: 2026-12-24, reason: r, timezone: America/New_York}",
            datetime(2026, 12, 25, 4, 59, tzinfo=UTC),
            True,
        ),
        ("{start: '2026-12-24T09:00:00', end: '2026-12-24T10:00:00Z', reason: r}", WITHIN, True),
        ("{start: '2026-12-24T08:00:00', end: '2026-12-24T10:00:00+01:00', reason: r}", WITHIN, False),
        # An hour that the clocks have twice is frozen both times.
        (
            "{start: '2026-11-01T01:30:00', end: '2026-11-01T01:45:00', reason: r,"
            " timezone: America/New_York}",
            datetime(2026, 11, 1, 6, 40, tzinfo=UTC),
            True,
        ),
        ("{start: 2026-12-20, end: 2027-01-02, reason: r, kinds: [call, retention]}", WITHIN, False),
        ("{start: 2026-12-20, end: 2027-01-02, reason: r, kinds: [call, queue]}", WITHIN, True),
    ],
)
def test_when_and_what_is_frozen(freeze: str, at: datetime, frozen: bool, stack: Stack) -> None:
    declare(stack, freeze)
    done = run(stack, "plan", at=at)
    assert (done.code, "Blocked (freeze)" in done.out) == ((4, True) if frozen else (0, False))


def test_a_plan_that_was_saved_before_is_refused_within_and_passes_after(stack: Stack) -> None:
    declare(stack, WINTER)
    for at, code in ((WITHIN, 4), (BEFORE, 0)):
        assert run(stack, "plan", "--out", "plan.json", at=at).code == code
        assert run(stack, "apply", "plan.json", "--auto-approve", at=WITHIN).code == 4
        assert stack.account.writes() == []
    stack.write("version: 1\nqueues: {support: {}, sales: {}}\n")  # what was planned counts, not the file
    assert run(stack, "apply", "plan.json", "--auto-approve", at=WITHIN).code == 4
    assert run(stack, "apply", "plan.json", "--auto-approve", at=AFTER).code == 0
    assert len(stack.account.queues()) == 2


def test_a_plan_of_the_freeze_is_applied_when_it_is_over(stack: Stack) -> None:
    declare(stack, WINTER)
    assert run(stack, "plan", "--out", "plan.json").code == 4
    assert run(stack, "apply", "plan.json", "--auto-approve", at=AFTER).code == 0


def test_looking_goes_on(stack: Stack) -> None:
    declare(stack, WINTER)
    apply(stack, at=BEFORE)
    stack.account.post(f"Queues/{stack.account.queues()['sales']['sid']}.json", MaxSize="7")
    assert run(stack, "drift").code == 3
    assert run(stack, "plan", "--refresh-only").code == 0
    stack.account.post(f"Queues/{stack.account.queues()['sales']['sid']}.json", MaxSize="1000")
    done = run(stack, "plan", "--detailed-exitcode")
    assert (done.code, "Blocked" in done.out) == (0, False)


@pytest.mark.parametrize("command", [["destroy", "--auto-approve", "--approve", "delete:queue=2"], ["undo"]])
def test_to_take_back_is_a_change_too(command: list[str], stack: Stack) -> None:
    declare(stack, WINTER)
    apply(stack, at=BEFORE)
    if command == ["undo"]:
        run_id = run(stack, "runs", "--format", "json").json["runs"][0]["run_id"]
        assert run(stack, "undo", run_id, "--out", "undo.json").code == 4
        command = ["apply", "undo.json", "--auto-approve"]
    assert run(stack, *command).code == 4
    assert len(stack.account.queues()) == 2
    assert run(stack, *command, "--approve", "freeze=2").code == 0
    assert not stack.account.queues()


@pytest.mark.parametrize(("kinds", "code"), [("", 4), (", kinds: [retention]", 4), (", kinds: [queue]", 0)])
def test_prune_is_frozen_with_retention(kinds: str, code: int, stack: Stack) -> None:
    stack.emulator.seed({"recordings": [{"date_created": "2026-01-01"}]})
    rest = "retention: {recordings: [{name: all, keep: 90d}]}\n"
    declare(stack, f"{{start: 2026-12-20, end: 2027-01-02, reason: r{kinds}}}", rest=rest)
    assert run(stack, "prune", "--auto-approve").code == code
    assert stack.account.writes() == ([] if code else ["deleteRecording"])


def test_calls_that_were_scheduled_before_are_placed(stack: Stack) -> None:
    declare(stack, WINTER, rest=CALL)
    assert apply(stack, at=BEFORE).code == 0
    assert run(stack, "dispatch", "--once").code == 0
    assert stack.account.writes() == ["createCall"]


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "html"])
def test_every_format_says_so(format_: str, stack: Stack) -> None:
    declare(stack, WINTER)
    done = run(stack, "plan", "--format", format_)
    assert done.code == 4
    assert "peak season" in done.out
    assert "freeze=2" in done.out


def test_an_overlay_freezes_production_alone(stack: Stack) -> None:
    stack.write("version: 1\nqueues: {support: {}}\n")
    stack.write(f"version: 1\nsafety: {{freeze: [{WINTER}]}}\n", "production.yaml")
    assert run(stack, "plan").code == 0
    assert run(stack, "--overlay", "production.yaml", "plan").code == 4


@pytest.mark.parametrize(
    ("marked", "message"),
    [
        ("{start: 2026-12-20, end: ¦2026-12-19, reason: r}", "ends before it begins"),
        (
            "{start: ¦2026-13-20, end: 2026-12-19, reason: r}",
            "the start is a day or a time that",
        ),
        ("{start: 2026-12-20, end: ¦2026-02-30, reason: r}", "the end is a day or a time that there is not"),
        ("{start: 2026-12-20, end: 2027-01-01, reason: r, timezone: ¦Mars/X}", "no time zone 'Mars/X'"),
        ("{start: ¦tomorrow, end: 2027-01-01, reason: r}", "freeze[0].start must be a date or a time"),
        ("¦{start: 2026-12-20, end: 2027-01-01}", "reason is missing"),
        ("{start: 2026-12-20, end: 2027-01-01, reason: r, kinds: ¦[]}", "must not be empty"),
        ("{start: 2026-12-20, end: 2027-01-01, reason: r, kinds: [¦queues]}", "did you mean queue?"),
    ],
)
def test_what_is_wrong_with_one_is_told_with_its_place(marked: str, message: str, stack: Stack) -> None:
    declare(stack, marked.replace("¦", ""))
    line = (stack.folder / "voiceform.yaml").read_text().splitlines()[1]
    done = run(stack, "validate")
    assert done.code == 1
    assert message in done.out + done.err
    assert f"voiceform.yaml:2:{line.index('[') + marked.index('¦') + 2}\n" in done.out + done.err
    assert "1 error" in done.out + done.err
