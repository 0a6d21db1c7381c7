"""Outputs never replace inputs: every option that writes a file, against every file that a command reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Stack

OPTIONS = ("--out", "--report-json", "--metrics")
CONFIGURATION = """version: 1
queues: {support: {max_size: 10}}
calls:
  reminder:
    to: {csv: people.csv, column: phone}
    from: "+15017122661"
    do_not_call: lists/dnc.txt
    schedule: {at: 2036-12-01T09:00:00, timezone: America/New_York}
    answer: {say: hello}
"""


@pytest.fixture
def declared(stack: Stack) -> Stack:
    """A stack with every kind of input; what is refused reads none of them."""
    stack.write(CONFIGURATION)
    (stack.folder / "people.csv").write_text("phone\n+15558675310\n")
    (stack.folder / "lists").mkdir()
    (stack.folder / "lists" / "dnc.txt").write_text("+15558675311\n")
    (stack.folder / "evidence").mkdir()
    (stack.folder / "evidence" / "000001.jsonl").write_text("{}\n")
    (stack.folder / ".voiceform").mkdir()
    (stack.folder / ".voiceform" / "state.db").write_text("the ledger of who was phoned")
    (stack.folder / "saved.json").write_text('{"format_version": "1.0", "plan_id": "x"}')
    return stack


@pytest.fixture
def applied(declared: Stack) -> Stack:
    """The same after an apply, with a saved plan."""
    (declared.folder / ".voiceform" / "state.db").unlink()
    declared.apply()
    declared.ok("plan", "--out", "saved.json")
    return declared


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.endswith(("-wal", "-shm"))
    }


def refused(stack: Stack, *argv: str) -> str:
    """The command is refused before anything is done, and every file stays as it is."""
    before = contents(stack.folder)
    seen = len(stack.emulator.requests())
    done = stack.run(*argv)
    assert done.code == 64, done.err
    assert "nothing was done" in done.err
    assert len(stack.emulator.requests()) == seen
    assert contents(stack.folder) == before
    return done.err


@pytest.mark.parametrize(
    "name",
    [
        "voiceform.yaml",
        "./voiceform.yaml",
        "lists/../voiceform.yaml",
        ".voiceform/state.db",
        ".voiceform/state.db-wal",
        ".voiceform/state.db-shm",
        ".voiceform/state.db-journal",
        ".voiceform/STATE.DB",
        "people.csv",
        "lists/dnc.txt",
        "evidence/000001.jsonl",
    ],
)
@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("force", [(), ("--force",)])
def test_an_input_is_never_replaced(declared: Stack, option: str, name: str, force: tuple[str, ...]) -> None:
    refused(declared, "plan", option, name, *force)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("make", [os.symlink, os.link])
@pytest.mark.parametrize("name", ["voiceform.yaml", ".voiceform/state.db", "people.csv", "lists/dnc.txt"])
def test_nor_by_another_name(
    declared: Stack, option: str, name: str, make: Callable[[Path, Path], None]
) -> None:
    make(declared.folder / name, declared.folder / "other.json")
    refused(declared, "plan", option, "other.json", "--force")


@pytest.mark.parametrize(
    "argv",
    [
        ("apply", "saved.json", "--report-json", "saved.json"),
        ("apply", "saved.json", "--metrics", "saved.json", "--force"),
        ("apply", "--auto-approve", "--report-json", "voiceform.yaml"),
        ("destroy", "--auto-approve", "--metrics", ".voiceform/state.db"),
        ("prune", "--auto-approve", "--report-json", "people.csv"),
        ("drift", "--report-json", "voiceform.yaml", "--force"),
        ("dispatch", "--metrics", "voiceform.yaml", "--force"),
        ("undo", "0123456789abcdef", "--out", ".voiceform/state.db"),
        ("undo", "--report-json", "voiceform.yaml"),
        ("plan", "--base", "saved.json", "--report-json", "saved.json", "--force"),
        ("plan", "--out", "a.json", "--report-json", "a.json"),
        ("plan", "--out", "a.json", "--metrics", "./a.json"),
        ("-f", "voiceform.yaml", "plan", "--out", "voiceform.yaml"),
        ("-f", "lists", "plan", "--out", "lists/dnc.txt", "--force"),
        ("-f", "lists", "plan", "--out", "lists/plan.yaml"),
        ("--state", "sqlite:///lists/s.db", "plan", "--out", "lists/s.db"),
    ],
)
def test_each_command(declared: Stack, argv: tuple[str, ...]) -> None:
    refused(declared, *argv)


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize(
    "name", ["-", "/dev/stdout", "/dev/null", "lists", "nowhere/x.json", "n" * 256, "fifo"]
)
def test_what_is_no_file(declared: Stack, option: str, name: str) -> None:
    os.mkfifo(declared.folder / "fifo")
    before = os.listdir(declared.folder)
    done = declared.run("plan", option, name)
    assert done.code == 64
    assert "defect" not in done.err
    assert os.listdir(declared.folder) == before
    assert not os.path.isfile("/dev/null")


@pytest.mark.parametrize("option", OPTIONS)
def test_another_file_needs_force(applied: Stack, option: str) -> None:
    path = applied.folder / "thesis.txt"
    path.write_text("years of work")
    assert "--force" in refused(applied, "plan", option, "thesis.txt")
    applied.ok("plan", option, "thesis.txt", "--force")
    assert "years of work" not in path.read_text()
    applied.ok("plan", option, "thesis.txt")


@pytest.mark.parametrize("option", OPTIONS)
@pytest.mark.parametrize("other", OPTIONS)
def test_only_the_same_kind_is_replaced(applied: Stack, option: str, other: str) -> None:
    applied.ok("plan", other, "out.file")
    if option == other:
        applied.ok("plan", option, "out.file")
    else:
        refused(applied, "plan", option, "out.file")


@pytest.mark.parametrize("option", OPTIONS)
def test_an_empty_file_may_be_filled(applied: Stack, option: str) -> None:
    (applied.folder / "temporary").touch()
    applied.ok("plan", option, "temporary")


def test_an_empty_list_may_not(declared: Stack) -> None:
    (declared.folder / "lists" / "dnc.txt").write_text("")
    refused(declared, "plan", "--out", "lists/dnc.txt")


def test_every_report_is_known_again(applied: Stack) -> None:
    files = ("--report-json", "report.json", "--metrics", "m.prom")
    for argv in (
        ("plan",),
        ("apply", "--auto-approve"),
        ("drift",),
        ("undo",),
        ("dispatch",),
        ("prune", "--auto-approve"),
        ("destroy", "--auto-approve", "--target", "queue.nothing"),
        ("plan", "--base", "voiceform.yaml"),
    ):
        for _ in range(2):
            assert "nothing was done" not in applied.run(*argv, *files).err


def test_a_planted_link_is_not_followed(declared: Stack) -> None:
    (declared.folder / "plan.json").symlink_to(declared.folder / "elsewhere")
    refused(declared, "plan", "--out", "plan.json")
    assert not (declared.folder / "elsewhere").exists()


@pytest.mark.parametrize("make", ["file", "link", "dead link"])
def test_export_never_overwrites(applied: Stack, make: str) -> None:
    target = applied.folder / "out.yaml"
    if make == "file":
        target.write_text("mine")
    else:
        target.symlink_to("voiceform.yaml" if make == "link" else "nowhere.yaml")
    before = contents(applied.folder)
    assert applied.run("export", "--out", "out.yaml").code == 64
    assert contents(applied.folder) == before
    assert not (applied.folder / "nowhere.yaml").exists()


def test_export_to_a_dash_is_stdout(applied: Stack) -> None:
    assert applied.ok("export", "--out", "-").out == applied.ok("export").out


def test_init_does_not_write_through_a_dead_link(stack: Stack) -> None:
    (stack.folder / "voiceform.yaml").symlink_to("elsewhere.yaml")
    assert "kept" in stack.ok("init").err
    assert not (stack.folder / "elsewhere.yaml").exists()
