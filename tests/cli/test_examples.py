"""The example in each command's help can be typed as it stands."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.command_line import parsed
from tests.support import Stack
from tests.warm.programs import path_of
from voiceform.cli.app import cli
from voiceform.cli.examples import EXAMPLES

CONFIGURATION = """
version: 1
safety: {max_delete_percent: 100}
queues: {support: {}, sales: {}}
calls:
  reminder:
    to: "+15558675310"
    from: "+15017122661"
    schedule: {at: 2030-12-01T09:00:00, timezone: America/New_York}
    answer: {say: Good morning.}
retention: {recordings: [{name: all, keep: 90d}]}
"""
ENDS_OTHERWISE = {
    "import": {64},  # it is recorded already
    "calls resolve": {1, 64},  # nothing is unknown
    "lock break": {1},  # nobody holds it
    "test": {64},  # the stack has no tests
    "destroy": {64},  # nobody is there to be asked
    "apply": {0, 4},
    "plan": {0, 2},
}
"""How an example ends where the stack of this test gives it nothing to do."""
NEEDS_A_PERSON = {"demo", "emulator", "rooms"}
"""These go on until they are ended, or have tests of their own."""


def commands(group: click.Group = cli, path: tuple[str, ...] = ()) -> Iterator[str]:
    """Every command whose own words have no example."""
    for name in group.list_commands(click.Context(group)):
        command = group.get_command(click.Context(group), name)
        if command is not None and f"For example: voiceform {' '.join((*path, name))}" not in (
            command.help or ""
        ):
            yield " ".join((*path, name))
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))


def test_every_command_has_one_and_no_other() -> None:
    assert sorted(EXAMPLES) == sorted(commands())


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_understood_and_in_the_help(name: str, stack: Stack) -> None:
    words = shlex.split(EXAMPLES[name].partition(" > ")[0])
    assert words[0] == "voiceform"
    assert words[1 : 1 + len(name.split())] == name.split() or name in ("calls", "state", "lock")
    parsed(words[1:])
    assert EXAMPLES[name] in stack.ok(*name.split(), "--help").out


@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in NEEDS_A_PERSON])
def test_it_runs(name: str, stack: Stack, programs: Path) -> None:
    stack.emulator.seed({"recordings": [{"date_created": "2020-01-01T00:00:00Z", "duration": "60"}]})
    stack.write(CONFIGURATION)
    stack.apply()
    stack.ok("plan", "--out", "plan.json", "--show-numbers")
    (stack.folder / "state.json").write_text(stack.ok("state", "pull").out, encoding="utf-8")
    run = stack.ok("runs", "--format", "json").json["runs"][0]["run_id"]
    line = re.sub(r"QU[0-9a-f]{32}", stack.account.queues()["support"]["sid"], EXAMPLES[name])
    line = line.replace("RUN", run).replace("~/.local/share/bash-completion/completions/", "")
    if name == "plan":
        (stack.folder / "plan.json").unlink()
    done = subprocess.run(
        ["bash", "-c", line],
        cwd=stack.folder,
        env={**os.environ, **stack.environ, "PATH": path_of(programs)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in ENDS_OTHERWISE.get(name, {0}), done
    assert "Traceback" not in done.stderr
    assert "Usage:" not in done.stderr
