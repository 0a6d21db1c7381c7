"""Every command on a page is run, and prints what the page says."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from tests.support import Stack

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
BLOCK = re.compile(
    r"<!-- (?P<what>file: (?P<file>\S+)|run)(?: exit (?P<exit>\d+))? -->\n```\w+\n(?P<body>.*?)```", re.DOTALL
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
    for block in BLOCK.finditer(page.read_text(encoding="utf-8")):
        if block["file"]:
            stack.write(block["body"], block["file"])
            continue
        commands = COMMAND.findall(block["body"])
        assert commands, f"a block that is to be run has no command:\n{block['body']}"
        for arguments, expected in commands:
            result = stack.run(*shlex.split(arguments, comments=True))
            assert result.code == int(block["exit"] or 0), (
                f"$ voiceform {arguments}\n{result.out}{result.err}"
            )
            output = result.out if result.out.strip() else result.err
            assert shown_as(expected).fullmatch(output), (
                f"$ voiceform {arguments}\nThe page says:\n{expected}\nIt printed:\n{output}"
            )


def test_the_readme_runs_commands() -> None:
    assert len(COMMAND.findall((ROOT / "README.md").read_text(encoding="utf-8"))) >= 3
