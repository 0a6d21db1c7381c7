"""`validate` in its four formats, `schema` and `completion`."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.support import Stack
from voiceform.model.schema_files import schema_names, schema_text

BROKEN = """\
version: 1
queues:
  support:
    max_size: 9000
    frendly_name: Support
  sales:
    max_size: 10
    max_size: 20
"""


@pytest.fixture
def broken(stack: Stack) -> Stack:
    stack.environ = {}
    stack.write(BROKEN)
    return stack


def test_text_shows_every_finding_with_its_line(broken: Stack) -> None:
    result = broken.run("validate")
    assert result.code == 1
    assert "voiceform.yaml:4:15" in result.err
    assert "voiceform.yaml:5:5" in result.err
    assert "voiceform.yaml:8:5" in result.err
    assert "friendly_name" in result.err, "a misspelt key is answered with the right one"
    assert result.out == ""


def test_json(broken: Stack) -> None:
    result = broken.run("validate", "--format", "json")
    assert result.code == 1
    document = result.json
    assert document["valid"] is False
    places = [(item["line"], item["column"]) for item in document["diagnostics"]]
    assert places == sorted(places)
    assert {(4, 15), (5, 5), (8, 5)} <= set(places)


def test_github_annotations(broken: Stack) -> None:
    result = broken.run("validate", "--format", "github")
    assert result.code == 1
    lines = result.out.splitlines()
    assert len(lines) >= 3
    assert all(line.startswith("::error file=") for line in lines)
    assert any("line=4,col=15" in line for line in lines)


def test_sarif(broken: Stack) -> None:
    result = broken.run("validate", "--format", "sarif")
    assert result.code == 1
    (run,) = json.loads(result.out)["runs"]
    regions = [item["locations"][0]["physicalLocation"]["region"] for item in run["results"]]
    assert {(region["startLine"], region["startColumn"]) for region in regions} >= {(4, 15), (5, 5), (8, 5)}


@pytest.mark.parametrize("form", ["text", "json", "github", "sarif"])
def test_a_valid_configuration_needs_no_credentials(stack: Stack, form: str) -> None:
    stack.environ = {}
    stack.write("queues: {support: {}}\n")
    assert stack.run("validate", "--format", form).code == 0
    assert stack.emulator.requests() == []


def test_a_missing_file_says_how_to_begin(stack: Stack) -> None:
    result = stack.run("validate")
    assert result.code == 1
    assert "voiceform init" in result.err


def test_every_schema_is_printed(stack: Stack) -> None:
    names = stack.ok("schema").out.split()
    assert names == list(schema_names())
    assert {"config", "plan", "state", "run"} <= set(names)
    for name in names:
        assert stack.ok("schema", name).json == json.loads(schema_text(name))
    assert stack.run("schema", "confg").code == 64


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_completion_is_a_script_for_the_shell(stack: Stack, shell: str) -> None:
    script = stack.ok("completion", shell).out
    assert "_VOICEFORM_COMPLETE" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_findings_have_colours_where_colours_are_wanted(broken: Stack) -> None:
    assert "\x1b[" in broken.run("--color", "always", "validate").err
    assert "\x1b[" not in broken.run("validate").err
