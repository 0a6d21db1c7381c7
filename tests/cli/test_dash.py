"""`-` is standard input or output wherever a file is named, or is refused; and no name of a file lies."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.support import Result, Stack

QUEUES = "version: 1\nqueues: {a: {}}\n"


def piped(stack: Stack, *argv: str, text: str = "") -> Result:
    """Run the program with `text` on its stdin."""
    process = stack.start(*argv, text=text)
    out, err = process.communicate()
    return Result(process.wait(), out, err)


def test_a_configuration_comes_through_stdin(stack: Stack) -> None:
    for argv in (["validate"], ["plan", "--detailed-exitcode"], ["plan", "--out", "p.json"]):
        result = piped(stack, "-f", "-", *argv, text=QUEUES)
        assert result.code == (2 if "--detailed-exitcode" in argv else 0), result.err
    result = piped(stack, "-f", "-", "apply", "--auto-approve", text=QUEUES)
    assert result.code == 0, result.err
    assert list(stack.account.queues()) == ["a"]


def test_what_is_wrong_with_it_has_a_place(stack: Stack) -> None:
    result = piped(stack, "-f", "-", "validate", text="version: 1\nqueues: {a: {size: 1}}\n")
    assert result.code == 1
    assert "(stdin):2:" in result.err
    assert piped(stack, "-f", "-", "validate").code == 1, "nothing is not a configuration"


def test_lists_that_it_names_are_found_from_the_folder_of_the_stack(stack: Stack) -> None:
    (stack.folder / "people.csv").write_text("phone\n+12125550105\n")
    text = (
        "version: 1\ncalls: {c: {to: {csv: people.csv}, from: '+15017122661', answer: {say: x},"
        " schedule: {at: 2026-12-24T12:00:00, timezone: UTC}}}\n"
    )
    result = piped(stack, "-f", "-", "validate", text=text)
    assert result.code == 0, result.err


def test_a_base_comes_through_stdin(stack: Stack) -> None:
    stack.write("version: 1\nqueues: {a: {}, b: {}}\n")
    result = piped(stack, "plan", "--base", "-", text=QUEUES)
    assert result.code == 0, result.err
    assert "create queue.b" in result.out
    assert "queue.a" not in result.out


def test_a_saved_plan_comes_through_stdin(stack: Stack) -> None:
    stack.write(QUEUES)
    stack.ok("plan", "--out", "p.json")
    text = (stack.folder / "p.json").read_text()
    assert "queue.a" in piped(stack, "show", "-", text=text).out
    result = piped(stack, "apply", "-", text=text)
    assert result.code == 0, result.err
    assert list(stack.account.queues()) == ["a"]
    assert piped(stack, "apply", "-", text="{}").code == 1


def test_a_state_goes_through_stdout_and_stdin(stack: Stack) -> None:
    stack.write(QUEUES)
    stack.apply()
    pulled = piped(stack, "state", "pull").out
    assert piped(stack, "--state", "sqlite:///other.db", "state", "push", "-", text=pulled).code == 0


def test_export_writes_to_stdout(stack: Stack) -> None:
    assert stack.ok("export", "--out", "-").out == stack.ok("export").out
    assert not (stack.folder / "-").exists()


@pytest.mark.parametrize("other", ["file", "pipe"])
def test_a_pipe_is_read_once_also_where_outputs_are_checked(stack: Stack, other: str) -> None:
    """`-f <(...)`: a pipe gives what it has but once."""
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as pipe:
        pipe.write(QUEUES)
    (stack.folder / "more.yaml").write_text("queues: {b: {}}\n")
    source = ["-f", f"/dev/fd/{reading}", *(["-f", "more.yaml"] if other == "file" else [])]
    stack.ok(*source, "plan", "--out", "p.json", "--report-json", "r.json")
    os.close(reading)
    assert (stack.folder / "p.json").exists()


REFUSED = [
    ["plan", "--out", "-"],
    ["plan", "--report-json", "-"],
    ["plan", "--metrics", "-"],
    ["plan", "--twiml-dir", "-"],
    ["apply", "--twiml-dir", "-", "--auto-approve"],
    ["apply", "--report-json", "-", "--auto-approve"],
    ["undo", "0123456789abcdef", "--out", "-"],
    ["twiml", "--twiml-dir", "-"],
    ["init", "-"],
    ["prune", "--evidence", "-", "--auto-approve"],
    ["prune", "verify", "-"],
    ["emulator", "--db", "-", "--port", "0"],
    ["-C", "-", "plan"],
    ["--state", "-", "plan"],
]


@pytest.mark.parametrize("argv", REFUSED, ids=" ".join)
def test_elsewhere_it_is_refused(stack: Stack, argv: list[str]) -> None:
    stack.write(QUEUES)
    before = sorted(stack.folder.rglob("*"))
    result = stack.run(*argv)
    assert result.code in (1, 64), result.out
    assert result.err
    assert "unexpectedly" not in result.err
    assert sorted(stack.folder.rglob("*")) == before
    assert stack.account.writes() == []


def test_no_evidence_is_kept_at_a_dash(stack: Stack) -> None:
    stack.write("retention: {evidence: '-', recordings: [{name: all, keep: 90d}]}\n")
    result = stack.run("validate")
    assert result.code == 1
    assert "- is standard output" in result.err


def test_a_seed_comes_through_stdin(stack: Stack) -> None:
    result = piped(stack, "emulator", "--seed", "-", "--port", "0", text=json.dumps({"queuez": []}))
    assert result.code == 1
    assert "queuez" in result.err


LIES = [
    ("plan", "--format", "html", "--out", "plan.html"),
    ("plan", "--format", "markdown", "--out", "plan.md"),
    ("plan", "--out", "PLAN.HTM"),
    ("plan", "--out", "queues.yaml"),
    ("plan", "--report-json", "report.html"),
    ("plan", "--metrics", "metrics.json"),
    ("undo", "0123456789abcdef", "--out", "undo.csv"),
    ("export", "--out", "account.json"),
]


@pytest.mark.parametrize("argv", LIES, ids=" ".join)
def test_a_name_that_says_that_a_file_is_something_else_is_refused(
    stack: Stack, argv: tuple[str, ...]
) -> None:
    stack.write(QUEUES)
    result = stack.run(*argv)
    assert result.code == 64
    assert result.out == ""
    assert "a file of this name is taken for" in result.err
    assert [path.name for path in stack.folder.iterdir()] == ["voiceform.yaml"]


@pytest.mark.parametrize("name", ["plan.json", "plan.plan", "plan", "plan.tfplan", "plan.2026-12-01"])
def test_other_names_are_anybodys_choice(stack: Stack, name: str) -> None:
    stack.write(QUEUES)
    stack.ok("plan", "--format", "html", "--out", name)
    stack.ok("apply", name)


def test_dashes_of_a_folder_are_a_name(stack: Stack, tmp_path: Path) -> None:
    stack.ok("init", "./-")
    assert (tmp_path / "-" / "voiceform.yaml").exists()
