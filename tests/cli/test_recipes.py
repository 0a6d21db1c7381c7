"""Recipes that need more than commands on a page: two environments, and a role that only reads."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import psycopg
import pytest

from tests.services import PostgresServer
from tests.support import Stack
from voiceform.state.postgres_sql import parse_url

ROOT = Path(__file__).resolve().parents[2]
READS = [
    ("plan",),
    ("drift",),
    ("state", "list"),
    ("state", "show", "queue.support"),
    ("state", "pull"),
    ("calls", "list"),
    ("undo",),
    ("export",),
    ("lock", "show"),
]


def test_the_example_of_two_environments_differs_where_it_says(stack: Stack) -> None:
    shutil.copytree(ROOT / "examples/two-environments", stack.folder, dirs_exist_ok=True)
    staging = stack.run("--env-file", "staging.env", "validate", environ={})
    assert staging.code == 0, staging.err
    production = ("--env-file", "production.env", "--overlay", "production.yaml")
    assert stack.run(*production, "validate", environ={}).code == 0
    # The environment goes before the file, so that the example runs in the account of the test.
    plan = stack.run(*production, "plan", "--format", "json", "--show-numbers").json
    after = {change["address"]: change["after"] for change in plan["changes"]}
    assert after["queue.billing"] == {"friendly_name": "billing", "max_size": 100, "protect": True}
    assert after["call.reminder"]["to"] == ["+15558675320", "+15558675321"]
    assert after["call.reminder"]["from"] == "+15017122662"
    assert after["retention.recordings.everything"]["keep"] == "90d"


def test_the_role_that_only_reads_reads_and_writes_nothing(
    stack: Stack, postgres_server: PostgresServer
) -> None:
    stack.environ["VOICEFORM_STATE"] = postgres_server.url(schema="voiceform")
    stack.queues(support=5)
    stack.apply()
    page = (ROOT / "docs/recipes.md").read_text(encoding="utf-8")
    (grants,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    with psycopg.connect(**parse_url(postgres_server.url()).parameters, autocommit=True) as connection:
        connection.execute(grants)
    url = postgres_server.url(schema="voiceform", password="choose-one")
    stack.environ["VOICEFORM_STATE"] = re.sub(r"//[^:]*:", "//voiceform_reader:", url)
    for command in READS:
        result = stack.run(*command)
        assert result.code == 0, (command, result)
    stack.queues(support=6)
    before = len(stack.account.writes())
    assert stack.run("plan", "--detailed-exitcode").code == 2
    for command in (("apply", "--auto-approve"), ("dispatch", "--once"), ("prune", "--auto-approve")):
        refused = stack.run(*command)
        assert refused.code != 0, (command, refused)
        assert "Traceback" not in refused.err
    assert len(stack.account.writes()) == before


@pytest.mark.parametrize("file", ["staging.env", "production.env"])
def test_no_file_of_variables_of_the_example_holds_a_token(file: str) -> None:
    assert "TOKEN" not in (ROOT / "examples/two-environments" / file).read_text(encoding="utf-8")
