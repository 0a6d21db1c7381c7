"""What the emulator's page shows runs, and its tables say what the code does."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from string import Template

import click
import pytest
import requests
import yaml

from tests.docs.test_pages import ROOT
from tests.services import require_programs
from voiceform.cli.commands.emulator import command
from voiceform.cli.support.invocation import App
from voiceform.emulator import Emulator, EmulatorSettings, Switches
from voiceform.emulator.calls.numbers import MAGIC, OUTCOMES, REFUSED_FROM, REFUSED_TO
from voiceform.emulator.faults import KINDS
from voiceform.model.clock import SystemClock

PAGE = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
ACCOUNT = "AC00000000000000000000000000000001"


def blocks(language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def lines(start: str) -> list[str]:
    """The lines of the shell blocks that begin so."""
    return [line for block in blocks("sh") for line in block.splitlines() if line.startswith(start)]


def table(title: str) -> list[list[str]]:
    """The rows of the table whose first column has this title."""
    found = re.search(rf"^\| {title} \|.*\n\| ---.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert found is not None, title
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in found[1].splitlines()]


@pytest.mark.parametrize("block", [block for block in blocks("python") if "def test_" not in block])
def test_the_python_of_the_page_runs(block: str) -> None:
    exec(compile(block, "docs/emulator.md", "exec"), {})


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    (block,) = (block for block in blocks("python") if "def test_" in block)
    (tmp_path / "test_page.py").write_text(block, encoding="utf-8")
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout
    assert "1 passed" in result.stdout


def test_the_requests_of_the_page_succeed(emulator: Emulator) -> None:
    require_programs("curl")
    commands = lines("curl ")
    assert len(commands) >= 4
    for line in commands:
        text = line.replace("http://127.0.0.1:8765", emulator.url)
        text = Template(text).substitute(TWILIO_ACCOUNT_SID=ACCOUNT)
        name, *arguments = shlex.split(text)
        result = subprocess.run(
            [name, "--noproxy", "*", "--silent", "--fail-with-body", *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, f"{text}\n{result.stdout}"
        assert json.loads(result.stdout)


def test_the_seed_of_the_page_fits(emulator: Emulator) -> None:
    (block,) = blocks("yaml")
    added = emulator.seed(yaml.safe_load(block))
    assert added == {"queues": 11, "conferences": 1, "calls": 501, "recordings": 2001, "numbers": 1}


def test_the_options_of_the_page_exist() -> None:
    named = {name for row in table("option") for name in re.findall(r"`(--[\w-]+)", row[0])}
    existing = {name for option in command.params for name in option.opts} - {"--help"}
    assert named == existing
    shown = lines("voiceform emulator")
    assert len(shown) >= 3
    app = App(environ={}, clock=SystemClock())
    for line in shown:
        with click.Context(command, obj=app) as context:
            command.parse_args(context, shlex.split(line)[2:])


def test_the_methods_of_the_page_exist() -> None:
    named = {name for row in table("method") for name in re.findall(r"`(\w+)\(", row[0])}
    own = {name for name in vars(Emulator) if not name.startswith("_")}
    assert named == own - {"url", "start", "stop"}


def test_the_requests_of_the_table_exist() -> None:
    with Emulator() as emulator:
        for row in table("method"):
            (path,) = re.findall(r"(/_emulator/\w+)", row[1])
            for verb in re.findall(r"[A-Z]{3,}", row[1].replace(path, "")):
                answer = requests.request(verb, emulator.url + path, timeout=10)
                assert answer.status_code in (200, 400), (verb, path)


def test_the_numbers_of_the_page_do_what_it_says() -> None:
    rows = table("number")
    called = {row[0].strip("`"): row[1] for row in rows if row[1]}
    others = called.pop("any other")
    assert others.startswith("`human`")
    refused = {number: int(found[1]) for number, text in called.items() if (found := _refused(text))}
    assert refused == {number: code for number, (code, _) in REFUSED_TO.items()}
    outcomes = {number: text.split("`")[1] for number, text in called.items() if number not in refused}
    assert outcomes == dict(MAGIC)
    assert {*outcomes.values(), "human"} == set(OUTCOMES)
    calling = {row[0].strip("`"): int(found[1]) for row in rows if (found := _refused(row[2]))}
    assert calling == {number: code for number, (code, _) in REFUSED_FROM.items()}


def _refused(text: str) -> re.Match[str] | None:
    return re.match(r"refused, (\d+):", text)


def test_the_faults_of_the_page_are_all() -> None:
    assert [row[0].strip("`") for row in table("kind")] == list(KINDS)


def test_the_switches_of_the_page_have_these_defaults() -> None:
    shown = {row[0].strip("`"): json.loads(row[1].strip("`")) for row in table("switch")}
    assert shown == {field.name: getattr(Switches(), field.name) for field in fields(Switches)}


def test_the_defaults_of_the_page() -> None:
    shown = {row[0]: row[2] for row in table("option")}
    settings = EmulatorSettings()
    assert shown["`--host`, `--port`"] == f"{settings.host}, {settings.port}"
    assert shown["`--calls-per-second N`"] == f"{settings.calls_per_second:g}"
    assert shown["`--latency MS`"] == f"{settings.latency_ms:g}"
