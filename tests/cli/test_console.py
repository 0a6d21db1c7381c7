"""What becomes of output where stdout and stderr are full, closed, gone or speak another encoding."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import Stack
from voiceform.cli.support.console import fitting

CONFIGURATION = """version: 1
queues:
  support: {friendly_name: "客服 \\U0001F600"}
calls:
  reminder:
    to: "+15558675310"
    from: "+15017122661"
    schedule: {at: 2036-12-01T09:00:00, timezone: America/New_York}
    answer: {say: hello}
"""
FULL = "cannot write to standard output: No space left on device"
CLOSED = "cannot write to standard output: it is closed"
DOCUMENTS = (
    "validate",
    "validate --format json",
    "plan",
    "plan --format json",
    "plan --format markdown",
    "export",
    "state pull",
    "state list",
    "schema config",
    "schedule",
    "show saved.json",
    "twiml call.reminder",
    "drift",
    "undo",
    "calls list",
    "completion bash",
)


def shell(stack: Stack, line: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    """Run `voiceform LINE` by a shell, so that it may redirect."""
    program = f"{sys.executable} -m voiceform"
    return subprocess.run(
        ["bash", "-c", line.replace("voiceform", program)],
        cwd=stack.folder,
        env={**os.environ, **stack.environ, **environ},
        capture_output=True,
        check=False,
    )


@pytest.fixture
def applied(stack: Stack) -> Stack:
    stack.write(CONFIGURATION)
    stack.apply()
    stack.ok("plan", "--out", str(stack.folder / "saved.json"))
    return stack


def quiet(done: subprocess.CompletedProcess[bytes]) -> None:
    told = done.stderr.decode()
    assert "Traceback" not in told
    assert "Exception ignored" not in told
    assert "defect" not in told


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
@pytest.mark.parametrize("command", DOCUMENTS)
def test_a_document_that_cannot_be_printed_is_one_error(applied: Stack, command: str, where: str) -> None:
    done = shell(applied, f"voiceform {command} {where}")
    quiet(done)
    assert done.returncode == 1
    assert done.stderr.decode().count("Error:") == 1
    assert (FULL if "full" in where else CLOSED) in done.stderr.decode()


@pytest.mark.parametrize(("where", "why"), [(">/dev/full", FULL), (">&-", CLOSED)])
@pytest.mark.parametrize("command", ["--help", "plan --help", "--version", "state show --help"])
def test_help_that_cannot_be_printed_is_an_error(stack: Stack, command: str, where: str, why: str) -> None:
    done = shell(stack, f"voiceform {command} {where}")
    quiet(done)
    assert done.returncode == 1
    assert why in done.stderr.decode()


@pytest.mark.parametrize("command", ["plan --format json", "schema config", "--help", "state pull"])
def test_a_reader_that_has_gone_ends_the_command_quietly(applied: Stack, command: str) -> None:
    done = shell(applied, f"{{ voiceform {command}; echo $? >code; }} | exec 0<&-")
    assert done.stderr.decode() == ""
    assert (applied.folder / "code").read_text() == "141\n"


@pytest.mark.parametrize(
    "where", ["2>/dev/full", "2>&-", "2>&1 >/dev/null | exec 0<&-; exit ${PIPESTATUS[0]}"]
)
@pytest.mark.parametrize(("command", "code"), [("validate", 0), ("plan --detailed-exitcode", 0), ("pln", 64)])
def test_a_broken_stderr_changes_no_exit_code(applied: Stack, command: str, code: int, where: str) -> None:
    done = shell(applied, f"voiceform {command} {where}")
    quiet(done)
    assert done.returncode == code


@pytest.mark.parametrize(
    "where",
    [
        "2>&1 | head -1 >/dev/null; exit ${PIPESTATUS[0]}",
        ">/dev/full",
        "2>/dev/full",
        ">/dev/full 2>&1",
        "2>&-",
        ">&-",
        ">&- 2>&-",
        "<&- >&- 2>&-",
        "--format json 2>&1 | head -1 >/dev/null; exit ${PIPESTATUS[0]}",
        "--format json >/dev/full",
    ],
)
def test_a_broken_log_stops_no_apply(stack: Stack, where: str) -> None:
    stack.queues(**{f"q{number}": 10 for number in range(40)})
    done = shell(stack, f"voiceform apply --auto-approve {where}")
    quiet(done)
    assert done.returncode == 0
    assert len(stack.account.queues()) == 40
    assert stack.run("plan", "--detailed-exitcode").code == 0
    runs = stack.ok("undo", "--format", "json").json["runs"]
    assert [run["outcomes"] for run in runs] == [{"applied": 40}]


def test_the_end_says_that_something_was_not_told(stack: Stack) -> None:
    stack.queues(support=10)
    done = shell(stack, "voiceform apply --auto-approve >/dev/full")
    assert "Some of the output could not be written (No space left on device)" in done.stderr.decode()


def test_a_failed_apply_keeps_its_code_without_a_log(stack: Stack) -> None:
    stack.queues(support=10)
    stack.emulator.faults(
        [{"operation": "createQueue", "times": 1, "kind": "status", "status": 400, "code": 20001}]
    )
    assert shell(stack, "voiceform apply --auto-approve >&- 2>&-").returncode == 5


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "cp1252", "utf-8"])
def test_every_encoding_shows_every_plan(stack: Stack, encoding: str) -> None:
    stack.write(CONFIGURATION)
    for command in ("plan", "apply --auto-approve", "plan", "calls list", "export", "state list", "schedule"):
        done = shell(stack, f"voiceform {command}", PYTHONIOENCODING=encoding)
        quiet(done)
        assert done.returncode == 0
        if command != "export":
            done.stdout.decode(encoding)


def test_the_c_locale_shows_every_plan(stack: Stack) -> None:
    stack.write(CONFIGURATION)
    done = shell(stack, "voiceform plan", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    quiet(done)
    assert done.returncode == 0
    assert b'"+1*****5310"' in done.stdout


def test_documents_for_programs_are_utf_8_everywhere(stack: Stack) -> None:
    stack.write(CONFIGURATION)
    done = shell(stack, "voiceform plan --format json", PYTHONIOENCODING="latin-1")
    plan = json.loads(done.stdout.decode("utf-8"))
    assert plan["changes"][0]["after"]["friendly_name"] == "客服 \U0001f600"


def test_what_an_encoding_cannot_say_is_escaped() -> None:
    assert fitting("a•b…é客\U0001f600", "ascii") == "a*b...\\xe9\\u5ba2\\U0001f600"
    assert fitting("é\udce9", "utf-8") == "é\\udce9"


def test_a_folder_whose_name_is_no_text(stack: Stack, tmp_path: Path) -> None:
    folder = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    os.mkdir(folder)
    stack.folder = Path(folder)
    stack.queues(support=10)
    for command in ("validate", "plan --out plan.json", "apply plan.json", "state list", "plan", "undo"):
        done = shell(stack, f"voiceform {command}")
        quiet(done)
        assert done.returncode == 0, done.stderr
