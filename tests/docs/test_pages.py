"""Every command on a page is run, in order, and prints what the page says.

Comments in front of a code block, invisible on the page, say what the block is:

    <!-- file: NAME -->   the block is a file of the stack
    <!-- run -->          its `$ voiceform` lines are run; the lines behind each are what it prints
    <!-- run exit 4 -->   the same, ending with exit code 4

and between blocks something may happen to the account:

    <!-- seed: {...} -->            POST /_emulator/seed
    <!-- post: Queues.json {...} -->  a form sent by somebody else; `Queues/NAME` means that queue
    <!-- fault: {...} -->           the next answer is a fault
    <!-- killed -->                 an apply begins and is killed while it holds the lock
    <!-- clock: INSTANT -->         from here on it is then, for commands and account

`<!-- shows: NAME -->` in front of a block says that a file of the stack reads so. In a command, RUN is the id
of the newest run.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import click
import pytest

from tests.command_line import parsed
from tests.support import Stack
from voiceform.model.clock import ManualClock

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")),
    *sorted((ROOT / "docs").glob("**/*.md")),
]
PART = re.compile(
    r"<!-- (?P<what>file|run|seed|post|fault|killed|clock|shows)(?:: | )?(?P<argument>.*?) ?-->\n"
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


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_the_page_is_true(page: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stack.folder)  # so that paths are printed as a reader sees them
    stack.folder = Path()
    clock: ManualClock | None = None
    for part in PART.finditer(page.read_text(encoding="utf-8")):
        argument, body = part["argument"], part["body"]
        match part["what"]:
            case "file":
                stack.write(body, argument)
            case "shows":
                shown = (stack.folder / argument).read_text(encoding="utf-8")
                compare(argument, body, shown)
            case "seed":
                stack.emulator.seed(json.loads(argument))
            case "fault":
                stack.emulator.faults([json.loads(argument)])
            case "post":
                post(stack, *argument.split(" ", 1))
            case "killed":
                be_killed(stack)
            case "clock":
                clock = ManualClock(datetime.fromisoformat(argument))
                stack.emulator.clock(now=argument)
            case _:
                run(stack, body, int(argument.removeprefix("exit ") or 0), clock)


def be_killed(stack: Stack) -> None:
    """Begin an apply that reads for long, and kill it as soon as it holds the lock."""
    stack.emulator.faults([{"kind": "latency", "operation": "listQueues", "delay_ms": 20_000, "times": 1}])
    command = [sys.executable, "-m", "voiceform", "-C", str(stack.folder), "apply", "--auto-approve"]
    process = subprocess.Popen(command, env={**os.environ, **stack.environ}, stdout=subprocess.DEVNULL)
    while "Nobody" in stack.ok("lock", "show").out:
        assert process.poll() is None
    process.kill()
    process.wait()
    stack.emulator.faults([])


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
            words[words.index("RUN")] = stack.ok("undo").out.split()[0]
        result = stack.run(*words, clock=clock)
        assert result.code == code, f"$ voiceform {arguments}\n{result.out}{result.err}"
        output = result.out if result.out.strip() else result.err
        compare(f"$ voiceform {arguments}", expected, output)


def compare(what: str, expected: str, found: str) -> None:
    """Fail unless the page's words are what was found."""
    if not shown_as(expected).fullmatch(found):
        pytest.fail(f"{what}\nThe page says:\n{expected}\nIt is:\n{found}", pytrace=False)


def test_every_console_block_is_run() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^(.*)\n```console$", text, re.MULTILINE)
        assert all(line.startswith("<!-- run") for line in blocks), page


def test_every_command_that_is_named_would_be_understood() -> None:
    """In running text and in blocks that are not run."""
    found = 0
    for page in PAGES:
        text = PART.sub("", page.read_text(encoding="utf-8"))
        blocks = "".join(re.findall(r"^```sh\n(.*?)```", text, re.MULTILINE | re.DOTALL))
        lines = re.findall(r"^voiceform ([^#\n]*)", blocks, re.MULTILINE)
        inline = [" ".join(words.split()) for words in re.findall(r"`voiceform ([^`]*)`", text)]
        for command in (*lines, *inline):
            if "..." in command:
                continue
            with contextlib.suppress(click.MissingParameter):  # a command may be named without its arguments
                parsed(shlex.split(command))
            found += 1
    assert found >= 25


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "README.md" or f"]({page.name})" in index


@pytest.mark.parametrize("page", PAGES, ids=[str(page.relative_to(ROOT)) for page in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    for target, anchor in re.findall(
        r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)", page.read_text(encoding="utf-8")
    ):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
            assert anchor in anchors, f"{target}#{anchor}"


def test_the_readme_runs_commands() -> None:
    assert len(COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))) >= 3
