"""Variables of the environment that are misspelt: told before an API that was not meant is asked."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import Stack
from voiceform.cli.table import VARIABLES

KITS = Path(__file__).parents[2] / "voiceform" / "cli" / "scaffold"
OWN = re.compile(r"\bVOICEFORM_[A-Z_]+\b")


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("VOICEFORM_API_URL", "VOICEFORM_BASE_URL"),
        ("VOICEFORM_BASEURL", "VOICEFORM_BASE_URL"),
        ("VOICEFORM_BASE_URI", "VOICEFORM_BASE_URL"),
        ("VOICEFORM_URL", "VOICEFORM_BASE_URL"),
        ("VOICE_FORM_BASE_URL", "VOICEFORM_BASE_URL"),
        ("voiceform_base_url", "VOICEFORM_BASE_URL"),
        ("VOICEFORM_STATE_URL", "VOICEFORM_STATE"),
        ("VOICEFORM_STAET", "VOICEFORM_STATE"),
        ("VOICEFORM_ALLOWED_PATHS", "VOICEFORM_ALLOW_PATH"),
    ],
)
def test_what_is_nearly_a_variable_of_ours_is_told(stack: Stack, name: str, meant: str) -> None:
    stack.queues(support=10)
    environ = {name: "x"}
    for command in (("plan",), ("validate",), ("state", "list"), ("apply", "--auto-approve")):
        found = stack.run(*command, environ=environ)
        lines = [line for line in found.err.splitlines() if "Warning" in line]
        told = f"the variable {name} means nothing to voiceform; did you mean {meant}, which is not set?"
        assert lines == [f"Warning: {told}"], command


def test_also_one_of_a_file(stack: Stack) -> None:
    stack.queues(support=10)
    (stack.folder / "variables.env").write_text("VOICEFORM_API_URL=https://voice.example.com\n")
    found = stack.run("plan", "--env-file", "variables.env", environ={})
    assert "VOICEFORM_API_URL means nothing to voiceform; did you mean VOICEFORM_BASE_URL" in found.err


def test_not_where_what_was_meant_is_given(stack: Stack) -> None:
    stack.queues(support=10)
    stack.environ.update(VOICEFORM_API_URL="x", VOICEFORM_STATE_URL="x", VOICEFORM_ALLOWED_PATHS="x")
    stack.environ["VOICEFORM_ALLOW_PATH"] = "lists"
    found = stack.ok("--state", "sqlite:///.voiceform/other.db", "plan", "--format", "json")
    assert "Warning" not in found.err


def test_not_of_variables_that_are_read(stack: Stack) -> None:
    """Those of every command, of the kits' jobs and of shells, and people's own."""
    stack.queues(support=10)
    kits = {
        name for path in KITS.rglob("*") if path.is_file() for name in OWN.findall(path.read_text("utf-8"))
    }
    assert {"VOICEFORM_STACK", "VOICEFORM_EVIDENCE"} <= kits
    own = {"VOICEFORM_ARCHIVE", "VOICEFORM_DATABASE_PASSWORD", "_VOICEFORM_COMPLETE", "STATE", "BASE_URL"}
    names = {*kits, *own, *VARIABLES, "VOICEFORM_PRUNE_EU", "VOICEFORM_DISPATCH_EU"}
    for name in sorted(names - {"VOICEFORM_BASE_URL", "VOICEFORM_STATE"}):
        found = stack.run("validate", environ={name: ""})
        assert (found.code, found.err) == (0, ""), name


def test_a_fleet_names_its_states_itself(stack: Stack) -> None:
    environ = {"VOICEFORM_STATE_URL": "x", "VOICEFORM_API_URL": "x"}
    found = stack.run("fleet", "validate", environ=environ)
    assert re.findall("did you mean (.*), which", found.err) == ["VOICEFORM_BASE_URL"]


def test_not_by_commands_that_ask_no_account(stack: Stack) -> None:
    assert stack.ok("explain", "20001", environ={"VOICEFORM_API_URL": "x"}).err == ""
