"""Pages whose commands are run, in order, and print what the page says.

Comments in front of a code block, invisible on the page, say what the block is:

    <!-- file: NAME -->   the block is a file of the stack
    <!-- run -->          its `$ voiceform` lines are run; the lines behind each are what it prints
    <!-- run exit 4 -->   the same, ending with exit code 4
    <!-- shell exit 4 --> all of its lines are run in bash
    <!-- finds: CODE -->  validate finds that; `finds no: CODE` says that it does not
    <!-- tells: CODE -->  apply tells of that

and between blocks something may happen to the account:

    <!-- seed: {...} -->            POST /_emulator/seed
    <!-- post: Queues.json {...} -->  a form sent by somebody else; `Queues/NAME` means that queue
    <!-- fault: {...} -->           the next answer is a fault
    <!-- killed -->                 an apply begins and is killed while it holds the lock
    <!-- signal: TERM 143 -->      an apply begins, gets that signal and ends with that code
    <!-- clock: INSTANT -->         from here on it is then, for commands and account

`<!-- shows: NAME -->` in front of a block says that a file of the stack reads so. In a command, RUN is the id
of the newest run.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from tests.support import Stack
from voiceform.model.clock import ManualClock

PART = re.compile(
    r"<!-- (?P<what>file|run|shell|signal|finds|tells|seed|post|fault|killed|clock|shows)(?:: | )?"
    r"(?P<argument>.*?) ?-->\n"
    r"(?:```\w+\n(?P<body>.*?)```)?",
    re.DOTALL,
)
COMMAND = re.compile(r"^\$ voiceform (.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def shown_as(expected: str) -> re.Pattern[str]:
    """The page's output as a pattern: `...` alone on a line stands for any lines, within one for any text;
    SIDs and ids differ from run to run.
    """
    lines = []
    for line in expected.rstrip("\n").split("\n"):
        if line == "...":
            lines.append(r"(?:.*\n)*?.*")
            continue
        text = re.escape(line).replace(re.escape("..."), ".*?")
        lines.append(re.sub(r"(AC|QU|CF|CA|RE)[0-9a-f]{32}", r"\1[0-9a-f]{32}", text))
    return re.compile("\n".join(lines) + r"\n?")


def play(text: str, stack: Stack) -> None:
    """Do what a page says, in order, and fail where it is not so."""
    player = _Player(stack)
    for part in PART.finditer(text):
        getattr(player, part["what"])(part["argument"], part["body"] or "")


class _Player:
    """One page; a method for each comment, with its argument and the block behind it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.at: ManualClock | None = None

    def file(self, argument: str, body: str) -> None:
        path = self.stack.folder / argument
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(body, encoding="utf-8")

    def shows(self, argument: str, body: str) -> None:
        compare(argument, body, (self.stack.folder / argument).read_text(encoding="utf-8"))

    def run(self, argument: str, body: str) -> None:
        run(self.stack, body, _code(argument), self.at)

    def shell(self, argument: str, body: str) -> None:
        shell(self.stack, body, _code(argument))

    def finds(self, argument: str, _: str) -> None:
        result = self.stack.run("validate", "--format", "json").json
        found = argument.removeprefix("no: ") in {item["code"] for item in result["diagnostics"]}
        assert found is not argument.startswith("no: "), result

    def tells(self, argument: str, _: str) -> None:
        told = self.stack.run("apply", "--auto-approve", clock=self.at)
        assert argument in told.out + told.err, told

    def seed(self, argument: str, _: str) -> None:
        self.stack.emulator.seed(json.loads(argument))

    def fault(self, argument: str, _: str) -> None:
        self.stack.emulator.faults([json.loads(argument)])

    def post(self, argument: str, _: str) -> None:
        post(self.stack, *argument.split(" ", 1))

    def killed(self, _argument: str, _: str) -> None:
        be_killed(self.stack)

    def signal(self, argument: str, _: str) -> None:
        be_ended(self.stack, *argument.split())

    def clock(self, argument: str, _: str) -> None:
        self.at = ManualClock(datetime.fromisoformat(argument))
        self.stack.emulator.clock(now=argument)


def _code(argument: str) -> int:
    return int(argument.removeprefix("exit ") or 0)


def be_killed(stack: Stack) -> None:
    """Begin an apply that reads for long, and kill it as soon as it holds the lock."""
    process = begun(stack)
    process.kill()
    process.wait()
    stack.emulator.faults([])


def begun(stack: Stack) -> subprocess.Popen[bytes]:
    """An apply that reads for long, and holds the lock."""
    stack.emulator.faults([{"kind": "latency", "operation": "listQueues", "delay_ms": 20_000, "times": 1}])
    command = [sys.executable, "-m", "voiceform", "-C", str(stack.folder), "apply", "--auto-approve"]
    process = subprocess.Popen(command, env={**os.environ, **stack.environ}, stdout=subprocess.DEVNULL)
    while "Nobody" in stack.ok("lock", "show").out:
        assert process.poll() is None
    return process


def be_ended(stack: Stack, name: str, code: str) -> None:
    """Begin an apply that reads for long, and end it by a signal as soon as it holds the lock."""
    process = begun(stack)
    process.send_signal(getattr(signal, f"SIG{name}"))
    assert process.wait() == int(code)


def shell(stack: Stack, body: str, code: int) -> None:
    """Run a block in bash, as somebody would paste it."""
    commands = re.findall(r"^\$ (.*)\n((?:(?!\$ ).*\n)*)", body, re.MULTILINE)
    script = "set -o pipefail\n" + "\n".join(line for line, _ in commands)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=stack.folder,
        env={**os.environ, **stack.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, (script, done)
    compare(script, "".join(expected for _, expected in commands), done.stdout or done.stderr)


def post(stack: Stack, path: str, fields: str) -> None:
    if path.startswith("Queues/"):
        path = f"Queues/{stack.account.queues()[path.removeprefix('Queues/')]['sid']}.json"
    stack.account.post(path, **json.loads(fields))


def run(stack: Stack, body: str, code: int, clock: ManualClock | None) -> None:
    commands = COMMAND.findall(body)
    assert commands, f"a block that is to be run has no command:\n{body}"
    for arguments, expected in commands:
        words = shlex.split(arguments, comments=True)
        if "RUN" in words:
            words[words.index("RUN")] = stack.ok("runs", "--format", "json").json["runs"][0]["run_id"]
        result = stack.run(*words, clock=clock)
        assert result.code == code, f"$ voiceform {arguments}\n{result.out}{result.err}"
        output = result.out if result.out.strip() else result.err
        compare(f"$ voiceform {arguments}", expected, output)


def compare(what: str, expected: str, found: str) -> None:
    """Fail unless the page's words are what was found."""
    if not shown_as(expected).fullmatch(found):
        pytest.fail(f"{what}\nThe page says:\n{expected}\nIt is:\n{found}", pytrace=False)
