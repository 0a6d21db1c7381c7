"""The table of operations names what really exists, and each test of it does what it is there for."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.docs.test_pages import ROOT
from voiceform.cli.table import COMMANDS
from voiceform.emulator.routing import JSON_ROUTES, MEDIA_ROUTES
from voiceform.twilio.client import Client

PAGE = ROOT / "docs" / "operations.md"
ROW = re.compile(
    r"\| `(?P<operation>\w+)` \| `(?P<method>\w+)` \| `(?P<verb>[A-Z]+) (?P<route>/\S+)` \| (?P<used>.*?) \| "
    r"\[`(?P<proof>\w+)`\]\((?P<file>\S+)\) \|"
)
TABLE = PAGE.read_text(encoding="utf-8").partition("## The parameters")[0]
LINES = [line for line in TABLE.splitlines() if line.startswith("| `")]
ROWS = [found for found in map(ROW.fullmatch, LINES) if found]
ROUTES = {
    route.operation: (verb, "/".join(shape))
    for table in (JSON_ROUTES, MEDIA_ROUTES)
    for shape, methods in table.items()
    for verb, route in methods.items()
}
#: What voiceform does not need: the same recordings by another path, and the same audio as MP3.
UNUSED = {"listConferenceRecordings", "fetchRecordingMp3"}


@cache
def description() -> dict[str, tuple[str, str]]:
    """Method and path of each operationId in the published description."""
    document: dict[str, Any] = yaml.safe_load((ROOT / "schemas" / "openapi.yaml").read_text(encoding="utf-8"))
    return {
        operation["operationId"]: (verb.upper(), path.removeprefix("/Accounts/{AccountSid}"))
        for path, verbs in document["paths"].items()
        for verb, operation in verbs.items()
        if isinstance(operation, dict)
    }


@cache
def functions(file: Path) -> dict[str, ast.FunctionDef]:
    """The functions of a module by name."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def calls(node: ast.AST, method: str) -> bool:
    """Whether a method of this name is named in the code."""
    return any(isinstance(part, ast.Attribute) and part.attr == method for part in ast.walk(node))


@cache
def users() -> list[ast.Module]:
    """The modules above the client."""
    package = ROOT / "voiceform"
    return [
        ast.parse(file.read_text(encoding="utf-8"))
        for layer in ("cli", "stack", "dispatch", "engine", "kinds")
        for file in sorted((package / layer).rglob("*.py"))
    ]


@pytest.mark.parametrize("row", ROWS, ids=[row["operation"] for row in ROWS])
def test_a_row_is_true(row: re.Match[str]) -> None:
    operation, method, route = row["operation"], row["method"], row["route"]
    assert inspect.getdoc(getattr(Client, method))
    assert description()[operation] == (row["verb"], route)
    shape = re.sub(r"\{\w+\}", "*", route).strip("/").rpartition(".")[0]
    assert ROUTES[operation] == (row["verb"], shape)
    named = re.findall(r"`(\w+)`", re.sub(r"\(.*?\)", "", row["used"]))
    assert set(named) <= set(COMMANDS)
    assert bool(named) == any(calls(module, method) for module in users())
    assert calls(functions((PAGE.parent / row["file"]).resolve())[row["proof"]], method)


def test_every_line_is_checked() -> None:
    assert len(ROWS) == len(LINES)


def test_no_operation_is_missing() -> None:
    assert {row["operation"] for row in ROWS} == set(description()) - UNUSED
    assert set(ROUTES) - UNUSED <= {row["operation"] for row in ROWS}
