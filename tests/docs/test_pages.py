"""Every command on a page is run, in order, and prints what the page says; see tests/pages.py."""

from __future__ import annotations

import contextlib
import re
import shlex
from pathlib import Path

import click
import pytest

from tests.command_line import parsed
from tests.pages import COMMAND, PART, play
from tests.support import Stack

ROOT = Path(__file__).resolve().parents[2]
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CODE_OF_CONDUCT.md")),
    *sorted((ROOT / "docs").glob("**/*.md")),
]

# Made of parts that each have an account of their own: see tests/cli/test_explain.py.
PLAYED = [page for page in PAGES if page.name != "codes.md"]


@pytest.mark.parametrize("page", PLAYED, ids=[str(page.relative_to(ROOT)) for page in PLAYED])
def test_the_page_is_true(page: Path, stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(stack.folder)  # so that paths are printed as a reader sees them
    stack.folder = Path()
    play(page.read_text(encoding="utf-8"), stack)


def test_every_console_block_is_run() -> None:
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        blocks = re.findall(r"^(.*)\n```console$", text, re.MULTILINE)
        assert all(
            line.startswith(("<!-- run", "<!-- shell", "<!-- tells", "<!-- signal")) for line in blocks
        )


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
            # A command may be named without its arguments; --version and --help end here and now.
            with contextlib.suppress(click.MissingParameter, click.exceptions.Exit):
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
