"""Every command on a page is run, in order, and prints what the page says.

Comments in front of a code block, invisible on the page, say what the block is:

    <!-- file: NAME -->   the block is a file of the stack
    <!-- run -->          its `$ voiceform` lines are run; the lines behind each are what it prints
    <!-- run exit 4 -->   the same, ending with exit code 4

and between blocks something may happen to the account:

    <!-- seed: {...} -->            POST /_emulator/seed
    <!-- post: Queues.json {...} -->  a form sent by somebody else; `Queues/NAME` means that queue
    <!-- fault: {...} -->           the next answer is a fault
"""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.support import Stack

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
PART = re.compile(
    r"<!-- (?P<what>file|run|seed|post|fault)(?:: | )?(?P<argument>.*?) ?-->\n(?:```\w+\n(?P<body>.*?)```)?",
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
def test_the_page_is_true(page: Path, stack: Stack) -> None:
    for part in PART.finditer(page.read_text(encoding="utf-8")):
        argument = part["argument"]
        match part["what"]:
            case "file":
                stack.write(part["body"], argument)
            case "seed":
                stack.emulator.seed(json.loads(argument))
            case "fault":
                stack.emulator.faults([json.loads(argument)])
            case "post":
                post(stack, *argument.split(" ", 1))
            case _:
                run(stack, part["body"], int(argument.removeprefix("exit ") or 0))


def post(stack: Stack, path: str, fields: str) -> None:
    if path.startswith("Queues/"):
        path = f"Queues/{stack.account.queues()[path.removeprefix('Queues/')]['sid']}.json"
    stack.account.post(path, **json.loads(fields))


def run(stack: Stack, body: str, code: int) -> None:
    commands = COMMAND.findall(body)
    assert commands, f"a block that is to be run has no command:\n{body}"
    for arguments, expected in commands:
        result = stack.run(*shlex.split(arguments, comments=True))
        assert result.code == code, f"$ voiceform {arguments}\n{result.out}{result.err}"
        output = result.out if result.out.strip() else result.err
        assert shown_as(expected).fullmatch(output), (
            f"$ voiceform {arguments}\nThe page says:\n{expected}\nIt printed:\n{output}"
        )


def test_the_readme_runs_commands() -> None:
    assert len(COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))) >= 3
