"""What the page on Python shows runs, and its reference is what the docstrings say."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

import pytest

import voiceform
from tests.docs.reference import BEGIN, reference
from tests.docs.test_pages import ROOT
from tests.support import ACCOUNT, TOKEN
from voiceform.emulator import Emulator

TEXT = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
PROSE = TEXT.split(BEGIN)[0]
PARTS = re.findall(r"(?:<!-- file: (\S+) -->\n)?```(\w+)\n(.*?)```", PROSE, re.DOTALL)
PROGRAM = [part for part in PARTS if "def test_" not in part[2]]
TESTS = [body for _, _, body in PARTS if "def test_" in body]


def test_the_programs_of_the_page_run(
    tmp_path: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VOICEFORM_STATE", raising=False)
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", TOKEN)
    monkeypatch.setenv("VOICEFORM_BASE_URL", emulator.url)
    names: dict[str, Any] = {}
    for file, language, body in PROGRAM:
        if file:
            Path(file).write_text(body, encoding="utf-8")
        else:
            assert language == "python"
            exec(compile(body, "docs/python.md", "exec"), names)
    printed = capsys.readouterr().out
    for comment in re.findall(r"print\(.*\)  # (.*?)(?: \.\.\.)?$", PROSE, re.MULTILINE):
        for line in comment.split(", "):
            assert line in printed


def test_one_import_is_enough_to_plan_and_apply() -> None:
    first = next(body for _, language, body in PROGRAM if language == "python")
    assert re.findall(r"^(?:import|from) .*$", first, re.MULTILINE) == ["import voiceform"]
    assert "stack.plan()" in first
    assert "stack.apply(plan)" in first


def test_the_tests_of_the_page_pass(tmp_path: Path) -> None:
    (block,) = TESTS
    (tmp_path / "test_page.py").write_text(block, encoding="utf-8")
    (tmp_path / "voiceform.yaml").write_text(
        next(body for file, _, body in reversed(PARTS) if file == "voiceform.yaml"), encoding="utf-8"
    )
    plugin = "voiceform.testing.plugin"
    known = any(found.value == plugin for found in entry_points(group="pytest11"))
    options = ["-q", "-p", "no:cacheprovider", *([] if known else ["-p", plugin])]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert f"{len(re.findall('^def test_', block, re.MULTILINE))} passed" in done.stdout


def test_the_reference_is_what_the_docstrings_say() -> None:
    assert PROSE + reference() == TEXT, "write it anew: make reference"


def test_the_reference_has_every_name() -> None:
    for name in voiceform.__all__:
        assert f"`voiceform.{name}`" in reference()
