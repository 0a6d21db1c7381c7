"""The table of operations names what really exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.test_pages import ROOT
from voiceform.cli.app import COMMANDS
from voiceform.emulator.routing import JSON_ROUTES, MEDIA_ROUTES
from voiceform.twilio.client import Client

ROWS = [
    [cell.strip().strip("`") for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| `")
]
ROUTES = {
    route.operation: (method, shape)
    for table in (JSON_ROUTES, MEDIA_ROUTES)
    for shape, methods in table.items()
    for method, route in methods.items()
}
TESTS = "\n".join(
    path.read_text(encoding="utf-8") for path in Path(ROOT / "tests" / "twilio").glob("test_*.py")
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_a_row_is_true(row: list[str]) -> None:
    operation, method, path, used_by, proof = row
    assert callable(getattr(Client, method))
    verb, _, route = path.partition(" ")
    shape = tuple(
        "*" if part.startswith("{") else part for part in route.rpartition(".")[0].strip("/").split("/")
    )
    assert ROUTES[operation] == (verb, shape)
    assert set(re.findall(r"`?([a-z]+)`?(?= \(|,|$)", re.sub(r"\(.*?\)", "", used_by))) <= set(COMMANDS) | {
        ""
    }
    assert f"def {proof}(" in TESTS


def test_no_operation_is_missing() -> None:
    unused = {"listConferenceRecordings"}
    assert {row[0] for row in ROWS} == set(ROUTES) - unused
