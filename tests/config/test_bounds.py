"""What a hostile file costs grows no faster than the file; what is told of it has a bound and a true count.

The limits on processor time end what would run for hours; a right run needs a small part of them.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.config.bombs import BOMBS, HEAD
from tests.config.reading import problems
from tests.support import Stack
from voiceform.config.problems.findings import MAX_FINDINGS
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.render.diagnostics import text

SIZE = 60_000
GROUP = 9
SECONDS = 60
MEMORY = 1 << 30
PROGRAM = """
import sys
from voiceform.cli import main
for path in sys.argv[1:]:
    for name in ("text", "json", "github", "sarif"):
        assert main(["-f", path, "validate", "--format", name], environ={}) in (0, 1)
print("done")
"""
GROUPS = [list(BOMBS)[start : start + GROUP] for start in range(0, len(BOMBS), GROUP)]


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


@pytest.mark.parametrize("kinds", GROUPS, ids=lambda kinds: kinds[0])
def test_every_format_ends(tmp_path: Path, kinds: list[str]) -> None:
    paths = []
    for index, kind in enumerate(kinds):
        paths.append(tmp_path / f"{index}.yaml")
        paths[-1].write_text(BOMBS[kind](SIZE), encoding="utf-8", newline="")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *map(str, paths)], capture_output=True, preexec_fn=_limit, check=False
    )
    assert (done.returncode, done.stderr[-2000:] if done.returncode else b"") == (0, b"")
    assert done.stdout.endswith(b"done\n")
    assert b"unexpectedly" not in done.stderr
    assert len(done.stdout) + len(done.stderr) < len(paths) * 4 * 400_000


@pytest.mark.parametrize("line", ["k#: 1\n", "  q#: {max_size: 0}\n", "  q#: {max_sise: 1}\n", "x-#: *a#\n"])
def test_the_first_ones_are_told_and_the_others_counted(tmp_path: Path, line: str) -> None:
    head = "queues:\n" if line.startswith(" ") else ""
    found = problems(
        tmp_path, HEAD + head + "".join(line.replace("#", str(index)) for index in range(10_000))
    )
    first = 3 if head else 2
    assert [one.position and one.position.line for one in found[:-1]] == [*range(first, first + MAX_FINDINGS)]
    assert found[-1].message == "and 9,800 more errors"


@pytest.mark.parametrize(
    "line", ["k#: 1\n", "  queue-number-#: {max_size: 0}\n", "  - {name: rule#, keep: x#}\n"]
)
def test_nobody_counts_further_than_ten_thousand(tmp_path: Path, line: str) -> None:
    head = {"k": "", "q": "queues:\n", "-": "retention:\n  recordings:\n"}[line.strip()[0]]
    found = problems(
        tmp_path, HEAD + head + "".join(line.replace("#", str(index)) for index in range(11_000))
    )
    assert len(found) == MAX_FINDINGS + 1
    assert found[-1].message == "and at least 9,800 more errors"


def test_kinds_stop_counting_too(tmp_path: Path) -> None:
    found = problems(
        tmp_path,
        HEAD + "queues:\n" + "".join(f"  queue-{n}: {{friendly_name: same}}\n" for n in range(12_000)),
    )
    assert found[0].code == "queue-name-taken"
    assert found[-1].message == "and at least 9,801 more errors"


def test_what_programs_write_densely_is_read(stack: Stack) -> None:
    queues = {
        f"queue-{number}": {"friendly_name": f"Queue {number}", "max_size": 5, "protect": True}
        for number in range(10_000)
    }
    written = json.dumps({"version": 1, "queues": queues}, separators=(",", ":"))
    (stack.folder / "voiceform.yaml").write_text(written)
    assert stack.run("validate").code == 0


def test_many_people_are_named_in_a_csv(stack: Stack) -> None:
    numbers = ", ".join(f"'+1555{2_000_000 + number}'" for number in range(20_001))
    when = "schedule: {at: 2026-12-01T09:00:00, timezone: UTC}"
    stack.write(f"calls: {{a: {{from: '+15017122661', answer: {{say: x}}, {when}, to: [{numbers}]}}}}\n")
    told = stack.run("validate")
    assert told.code == 1
    assert "20,001 numbers" in told.err
    assert "CSV" in told.err


def test_the_count_is_the_same_in_every_format(stack: Stack) -> None:
    stack.write("queues:\n" + "".join(f"  q{index}: {{max_size: 0}}\n" for index in range(1234)))
    told = stack.run("validate")
    assert told.code == 1
    assert told.err.endswith("1,234 errors\n") or told.err.endswith("1234 errors\n")
    assert "and 1,034 more errors" in told.err
    document = stack.run("validate", "--format", "json").json
    assert document["error_count"] == 1234
    assert len(document["diagnostics"]) == MAX_FINDINGS + 1
    assert stack.run("validate", "--format", "github").out.splitlines()[-1].endswith("and 1,034 more errors")
    sarif = json.loads(stack.run("validate", "--format", "sarif").out)
    assert sarif["runs"][0]["results"][-1]["message"]["text"] == "and 1,034 more errors"


def test_errors_are_told_although_warnings_came_first(tmp_path: Path) -> None:
    lines = "".join(f"x-m{index}: *a\n" for index in range(300))
    found = problems(tmp_path, HEAD + lines + "ownership: nobody\n")
    assert sum(one.stands_for for one in found) == 300  # the rest of a file so wrong is not judged


def finding(line: int, column: int) -> Diagnostic:
    return Diagnostic("r", "wrong", Position("f", line, column))


def test_a_source_line_is_cut_around_the_column() -> None:
    source = "queues: {" + ", ".join(f"q{index}: {{max: 1}}" for index in range(5000)) + "}"
    column = source.index("q2500") + 1
    line, carets = text([finding(1, column)], lambda _: source).splitlines()[2:4]
    assert len(line) < 140
    assert line[carets.index("^") :].startswith("q2500")


@pytest.mark.parametrize(
    ("source", "line", "column"),
    [
        ('{"a": 1,"password":"hunter2","b": 1}', 1, 2),
        ('a: {"password":"hunter2", to: 5}', 1, 28),
        ("a:\n  password: |\n    x\n      hunter2\n", 4, 7),
        ("a:\n  - password: >\n      x\n\n      hunter2\n", 5, 7),
        ("a:\n  ? password\n  : hunter2\n", 3, 5),
        ('a: {password: "x\nhunter2"}\n', 2, 1),
        ("a: {x: 1, password   : hunter2, y: 2}", 1, 5),
        ("a: {'password': hunter2, y: " + "z" * 5000 + "}", 1, 4000),
        ("password: " + "x " * 500 + "hunter2", 1, 1010),
    ],
)
def test_no_secret_is_shown_however_it_is_written(source: str, line: int, column: int) -> None:
    assert "hunter2" not in text([finding(line, column)], lambda _: source)


def test_nothing_is_shown_of_a_file_that_is_too_large(tmp_path: Path) -> None:
    """It is refused by its size: neither for the finding nor for a line of it is it taken into memory."""
    with (tmp_path / "huge.yaml").open("wb") as file:
        file.truncate(1 << 33)
    done = subprocess.run(
        [sys.executable, "-m", "voiceform", "-f", str(tmp_path / "huge.yaml"), "validate"],
        capture_output=True,
        preexec_fn=_limit,
        check=False,
    )
    assert done.returncode == 1
    assert b"error[file-too-large]: the file is over 64,000,000 bytes" in done.stderr
    assert b"x00" not in done.stderr
