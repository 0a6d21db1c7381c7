"""What the pages for those who change voiceform name is there: modules, floors, steps of a kind, commands."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from voiceform.kinds.kind import Kind
from voiceform.model.schema_files import schema_names, schema_text

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
PLACES = sorted(set(re.findall(r"`([\w/]+\.py):([\w.]+)`", PAGE)))
FILES = sorted(set(re.findall(r"`([\w.]+/[\w./-]*\w|pyproject\.toml|Makefile)`", PAGE + CONTRIBUTING)))


def names(tree: ast.Module) -> set[str]:
    """What a module defines: functions, classes, `Class.member`, and names that are assigned."""
    found = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef(name=name) | ast.AnnAssign(target=ast.Name(id=name)):
                found.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                found.add(name)
            case ast.ClassDef(name=name, body=body):
                members = [part.name for part in body if isinstance(part, ast.FunctionDef)]
                found |= {name, *(f"{name}.{member}" for member in members)}
    return found


@pytest.mark.parametrize(("file", "name"), PLACES)
def test_every_place_on_the_page_is_there(file: str, name: str) -> None:
    source = (ROOT / "voiceform" / file).read_text(encoding="utf-8")
    assert name in names(ast.parse(source))


def test_there_are_many() -> None:
    assert len(PLACES) > 50
    assert len(FILES) > 20


@pytest.mark.parametrize("file", FILES)
def test_every_file_that_is_named_is_there(file: str) -> None:
    assert (ROOT / file).exists() or (ROOT / "voiceform" / file).exists() or "NAME" in file


def test_the_drawing_has_the_floors_that_are_checked() -> None:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (layers,) = [item["layers"] for item in document["tool"]["importlinter"]["contracts"] if "layers" in item]
    drawing = PAGE.split("```")[1]
    checked = [{part.strip().removeprefix("voiceform.") for part in layer.split(":")} for layer in layers]
    known = set().union(*checked)
    drawn = [known & set(re.findall(r"\w+", line)) for line in drawing.splitlines()]
    assert [floor for floor in drawn if floor] == checked
    assert "emulator" in drawing


def test_the_checklist_has_the_steps_of_a_kind() -> None:
    required, optional = re.findall(r"It has to have (.*?); it may have (.*?)\.", PAGE, re.DOTALL)[0]
    assert set(re.findall(r"`(\w+)`", required)) == Kind.__abstractmethods__
    steps = {name: value for name, value in vars(Kind).items() if not name.startswith("_")}
    methods = {name for name, value in steps.items() if callable(value) or isinstance(value, property)}
    assert set(re.findall(r"`(\w+)`", optional)) == methods - Kind.__abstractmethods__


def test_the_tests_in_five_seconds_are_as_many() -> None:
    (count, command) = re.findall(r"<!-- tests: (\d+) -->\n```sh\n\.venv/bin/python (.*)\n```", CONTRIBUTING)[
        0
    ]
    done = subprocess.run(
        [sys.executable, *command.split(), "-p", "no:cacheprovider"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"{count} passed" in done.stdout, done.stdout


def test_every_other_command_would_run() -> None:
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = PAGE + CONTRIBUTING + (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    named = re.findall(r"(?:`|^)make ([\w-]+)", text, re.MULTILINE)
    assert named
    assert set(named) <= targets
    for arguments in re.findall(r"^\.venv/bin/python -m pytest (.*)$", CONTRIBUTING, re.MULTILINE):
        paths = [word for word in arguments.split() if word.startswith("tests/")]
        assert paths
        assert all((ROOT / path).exists() for path in paths)


def test_the_page_on_compatibility_has_each_schema_with_its_version() -> None:
    page = (ROOT / "docs/compatibility.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| (\w+) \| ([\d.]+) \|", page, re.MULTILINE))
    ids = [json.loads(schema_text(name))["$id"] for name in schema_names()]
    assert [f"urn:voiceform:schema:{name}:{told[name]}" for name in schema_names()] == ids
    assert len(told) == len(ids)
