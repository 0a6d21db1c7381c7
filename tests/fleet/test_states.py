"""Recorded states of a fleet in PostgreSQL and in an object store: one for each stack, and one that cannot be
reached fails alone."""

from __future__ import annotations

import json
import secrets

import psycopg
import pytest

from tests.fleet.fleets import FleetFolder, sid
from tests.services import PostgresServer, S3Server

NAMES = ("acme", "be-ta", "Gamma_3")


def stored(fleet: FleetFolder, state: str, lost: str) -> None:
    """Three stacks with states of one pattern, and one whose state nobody can reach."""
    fleet.of(*NAMES)
    more = {
        "name": "lost",
        "template": "template",
        "account": sid(9),
        "variables": {"SIZE": 7},
        "state": lost,
    }
    rows = f"  - {{template: template, csv: accounts.csv}}\n  - {json.dumps(more)}\n"
    fleet.fleet(rows, f"state: '{state}'\n")


def codes(fleet: FleetFolder, *argv: str) -> dict[str, int]:
    done = fleet.run(*argv, "--format", "json")
    assert "stacks" in done.json, done.out
    found = {each["stack"]: each["exit_code"] for each in done.json["stacks"]}
    assert done.code == found["lost"] == 1
    (told,) = [each["error"] for each in done.json["stacks"] if each["stack"] == "lost"]
    assert "cannot" in told or "does not exist" in told, told
    assert PostgresServer.password not in done.out + done.err
    return found


def worked_on(fleet: FleetFolder) -> None:
    """Each command over all, of which the one that is lost keeps none from its work."""
    assert codes(fleet, "apply", "--auto-approve") == {**dict.fromkeys(NAMES, 0), "lost": 1}
    assert [fleet.queues(number) for number in (1, 2, 3, 9)] == [{"support": 100}] * 3 + [{}]
    for argv in (["plan", "--detailed-exitcode"], ["drift"], ["dispatch"], ["prune", "--auto-approve"]):
        fleet.ok(*argv, "--exclude", "lost")
    told = {each["stack"]: each["result"] for each in fleet.run("status", "--format", "json").json["stacks"]}
    assert all(told[name].startswith("1 object recorded") for name in NAMES)
    assert "not read" in told["lost"]


def test_each_stack_has_a_schema_of_its_own(fleet: FleetFolder, postgres_server: PostgresServer) -> None:
    place = f"f{secrets.token_hex(4)}"
    fleet.environ["PG_LOGIN"] = "voiceform:correct%20horse%2Fbattery"
    url = f"postgresql://${{PG_LOGIN}}@127.0.0.1:{postgres_server.port}"
    stored(fleet, f"{url}/postgres?schema={place}_{{stack}}", f"{url}/no_such_database?schema={place}_lost")
    worked_on(fleet)
    with psycopg.connect(postgres_server.url(schema="").partition("?")[0]) as connection:
        rows = connection.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE %s", (f"{place}%",))
        assert {row[0] for row in rows} == {f"{place}_{name}" for name in NAMES}


def test_each_stack_has_a_prefix_of_its_own(
    fleet: FleetFolder, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    place = f"voiceform/{secrets.token_hex(4)}"
    stored(fleet, f"s3://{place}/{{account}}", "s3://no-such-bucket/lost")
    worked_on(fleet)
    index = fleet.folder / "plans/index.json"
    fleet.run("plan", "--out", "plans")
    (lost,) = [each for each in json.loads(index.read_text())["stacks"] if each["stack"] == "lost"]
    assert "file" not in lost
    assert fleet.run("apply", "plans").code == 1
