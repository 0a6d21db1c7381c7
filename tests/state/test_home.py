"""The state knows where its account is: at which API, in which region."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from tests.hostile.proxy import hostile_proxy
from tests.support import ACCOUNT, Stack
from voiceform.state.home import Home

COMMANDS = [
    ["plan"],
    ["drift"],
    ["apply", "--auto-approve"],
    ["destroy", "--auto-approve"],
    ["prune", "--auto-approve"],
    ["dispatch", "--once"],
    ["import", "queue.b", "QU" + "0" * 32],
]


@pytest.mark.parametrize(
    ("url", "home"),
    [
        ("https://api.twilio.com", Home("api.twilio.com", "us1")),
        ("https://api.us1.twilio.com", Home("api.twilio.com", "us1")),
        ("https://api.ashburn.us1.twilio.com", Home("api.twilio.com", "us1")),
        ("https://api.umatilla.us1.twilio.com:443", Home("api.twilio.com", "us1")),
        ("https://API.Dublin.IE1.twilio.com", Home("api.twilio.com", "ie1")),
        ("https://api.ie1.twilio.com", Home("api.twilio.com", "ie1")),
        ("http://127.0.0.1:8765", Home("loopback")),
        ("http://localhost:1", Home("loopback")),
        ("http://[::1]:2", Home("loopback")),
        ("https://Proxy.example.com:8443", Home("https://proxy.example.com:8443")),
        ("https://api.twilio.com.example.com", Home("https://api.twilio.com.example.com")),
    ],
)
def test_what_counts_as_one_place(url: str, home: Home) -> None:
    assert Home.of(url) == home


def without_base_url(stack: Stack) -> dict[str, str]:
    """The environment of the stack, with the real API."""
    return {name: value for name, value in stack.environ.items() if name != "VOICEFORM_BASE_URL"}


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"VOICEFORM_BASE_URL": "https://api.twilio.com"},
        {"TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"},
        {"VOICEFORM_BASE_URL": "https://proxy.example.com"},
    ],
)
def test_another_api_or_region_of_the_account_is_refused(stack: Stack, elsewhere: dict[str, str]) -> None:
    stack.queues(a=1, b=1)
    stack.apply("--target", "queue.a")
    for command in COMMANDS:
        result = stack.run(*command, environ=without_base_url(stack) | elsewhere)
        assert result.code == 1, command
        assert "this state records what is at loopback" in result.err, command
        assert "voiceform state origin --accept" in result.err, command
    assert "queue.a" in stack.ok("state", "list").out


def test_another_region_than_the_recorded_one_is_refused(stack: Stack) -> None:
    """The first run was in one region of Twilio; nothing is asked of another."""
    stack.queues(a=1)
    stack.apply()
    ireland = {**without_base_url(stack), "TWILIO_REGION": "ie1", "TWILIO_EDGE": "dublin"}
    stack.ok("state", "origin", "--accept", environ=ireland)
    assert stack.ok("state", "origin").out.endswith("\tapi.twilio.com, region ie1\n")
    for other in (
        {"TWILIO_REGION": "us1"},
        {"TWILIO_REGION": "", "TWILIO_EDGE": ""},
        {"TWILIO_REGION": "au1"},
    ):
        result = stack.run("plan", environ={**ireland, **other})
        assert "at api.twilio.com, region ie1" in result.err
        assert result.code == 1
    assert "loopback" in stack.run("plan").err
    stack.ok("state", "origin", "--accept")
    assert stack.run("plan", "--detailed-exitcode").code == 0


def test_another_port_of_this_machine_is_the_same_place(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        assert stack.run("plan", "--detailed-exitcode").code == 0


def test_the_place_is_part_of_a_pulled_state(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    pulled = stack.ok("state", "pull")
    assert pulled.json["origin"] == "loopback"
    (stack.folder / "pulled.json").write_text(pulled.out, encoding="utf-8")
    stack.ok("--state", "sqlite:///other.db", "state", "push", "pulled.json")
    assert "loopback" in stack.ok("--state", "sqlite:///other.db", "state", "origin").out


def test_a_state_of_no_run_has_no_place(stack: Stack) -> None:
    for arguments in ([], ["--accept"]):
        result = stack.run("state", "origin", *arguments)
        assert result.code == 1
        assert "records where the account is" in result.err


READERS = [
    ["plan"],
    ["plan", "--refresh-only"],
    ["drift"],
    ["apply", "--auto-approve"],
    ["destroy", "--auto-approve"],
    ["prune", "--dry-run"],
    ["undo"],
    ["dispatch", "--once"],
    ["calls", "list"],
    ["state", "list"],
    ["state", "show", "queue.a"],
    ["state", "pull"],
    ["state", "origin"],
    ["lock", "show"],
]


@pytest.mark.parametrize("command", READERS)
@pytest.mark.parametrize(
    "damage", ["no folder", "link to itself", "not a database", "another database", "dangling"]
)
def test_a_state_that_cannot_be_read_is_not_none(stack: Stack, command: list[str], damage: str) -> None:
    stack.queues(a=1)
    folder = stack.folder / "kept"
    place = folder / "state.db"
    if damage == "no folder":
        folder.write_text("a file")
    elif damage == "link to itself":
        folder.symlink_to(folder)
    else:
        folder.mkdir()
    if damage == "not a database":
        place.write_text("something else")
    elif damage == "another database":
        with closing(sqlite3.connect(place)) as connection:
            connection.execute("CREATE TABLE t (x)")
    elif damage == "dangling":
        place.symlink_to(folder / "elsewhere")
    result = stack.run("--state", "sqlite:///kept/state.db", *command)
    assert result.code == 1, result.out
    assert "state" in result.err
    assert stack.account.writes() == []


READERS = [
    ["drift"],
    ["state", "list"],
    ["calls", "list"],
    ["undo"],
    ["lock", "show"],
    ["lock", "show", "--dispatch"],
    ["dispatch", "--once"],
]


@pytest.mark.parametrize("command", READERS, ids=" ".join)
def test_a_state_that_never_existed_is_said_to_be_none(stack: Stack, command: list[str]) -> None:
    stack.queues(a=1)
    result = stack.ok(*command)
    assert "There is no state in" in result.err
    assert "the first apply makes it" in result.err
    stack.apply()
    assert "There is no state" not in stack.ok(*command).err


NOTHING_TO_CHANGE = [
    ["state", "show", "queue.a"],
    ["state", "rm", "queue.a"],
    ["state", "mv", "queue.a", "queue.b"],
    ["state", "origin", "--accept"],
    ["calls", "resolve", "call.a", "2026-12-01T00:00:00Z", "--not-placed"],
    ["lock", "break", "--reason", "hung"],
    ["undo", "0123456789abcdef"],
]


@pytest.mark.parametrize("command", NOTHING_TO_CHANGE, ids=" ".join)
def test_what_cannot_be_there_is_said_to_have_no_state_and_none_is_made(
    stack: Stack, command: list[str]
) -> None:
    stack.queues(a=1)
    result = stack.run("--state", "sqlite:///mistyped/state.db", *command)
    assert result.code in (1, 64)
    assert "here is no state in" in result.err
    assert not (stack.folder / "mistyped").exists()


def test_a_saved_plan_fits_the_place_that_it_was_made_from(stack: Stack) -> None:
    """Before the first apply no state could tell."""
    stack.queues(a=1)
    stack.ok("plan", "--out", "first.plan")
    assert stack.ok("show", "first.plan", "--format", "json").json["place"] == "loopback"
    for elsewhere in ({"VOICEFORM_BASE_URL": "https://proxy.example.com"}, {"TWILIO_REGION": "au1"}):
        result = stack.run("apply", "first.plan", environ=without_base_url(stack) | elsewhere)
        assert result.code == 1
        assert "the plan was made from what is at loopback" in result.err
        assert "nothing was sent" in result.err
    stack.ok("apply", "first.plan")
    assert list(stack.account.queues()) == ["a"]


def test_an_import_records_account_and_place(stack: Stack) -> None:
    made = stack.account.post("Queues.json", FriendlyName="a", MaxSize=1)
    stack.queues(a=1)
    stack.ok("import", "queue.a", made["sid"])
    assert stack.ok("state", "origin").out == f"{ACCOUNT}\tloopback\n"
    other = {"TWILIO_ACCOUNT_SID": "AC" + "b" * 32}
    result = stack.run("plan", environ=stack.environ | other)
    assert result.code == 1
    assert f"records account {ACCOUNT}" in result.err
    assert "loopback" in stack.run("drift", environ=without_base_url(stack)).err
