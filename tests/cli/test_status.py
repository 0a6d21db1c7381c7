"""`voiceform status`: how the stack stands, on one screen."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.support import ACCOUNT, Stack
from tests.terminal.terminal import Terminal
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Ledger
from voiceform.model.clock import ManualClock
from voiceform.state.lease import acquire
from voiceform.state.open import open_store

CONFIGURATION = f"""
account: {ACCOUNT}
name: Acme production
queues:
  support: {{friendly_name: Support Desk, max_size: 10}}
  sales: {{}}
calls:
  reminder:
    to: ["+12125550101", "+12125550102"]
    from: "+12125550190"
    schedule: {{cron: "0 9 * * *", timezone: America/New_York}}
    answer: {{say: hello}}
retention:
  recordings:
    - {{name: old, keep: 3650d}}
  holds:
    case-4711: {{reason: litigation, match: {{from: ["+12125550101"]}}}}
"""
STATE = "sqlite:///.voiceform/state.db"


@pytest.fixture
def applied(stack: Stack) -> Stack:
    stack.write(CONFIGURATION)
    stack.apply()
    return stack


def labels(out: str) -> dict[str, str]:
    """What is said under each label."""
    found: dict[str, str] = {}
    label = ""
    for line in out.splitlines():
        label = line[:10].strip() or label
        found[label] = f"{found.get(label, '')} {line[10:].strip()}".strip()
    return found


def _made(entry: LedgerEntry, _before: LedgerEntry | None) -> LedgerEntry:
    return entry


def look(stack: Stack, **options: Any) -> Any:
    return stack.ok("status", "--format", "json", **options).json


def test_everything_on_one_screen(applied: Stack) -> None:
    enqueue = "<Response><Enqueue>Support Desk</Enqueue></Response>"
    applied.account.post("Calls.json", To="+12125550105", From="+12125550190", Twiml=enqueue)
    applied.emulator.clock_advance("60s")
    done = applied.ok("status")
    said = labels(done.out)
    assert done.err == ""
    assert said["Account"].startswith(f'{ACCOUNT} "Acme production" at http://127.0.0.1:')
    assert said["State"].startswith("1 call, 2 queues, 1 retention rule recorded in /")
    assert (said["Lock"], said["Dispatch"]) == ("free", "free")
    assert ": 5 applied (" in said["Last run"]
    assert said["Calls"] == "none in the last 24 hours"
    assert "call.reminder, 2 people" in said["Next"]
    assert " 09:00 E" in said["Next"]
    assert said["Holds"] == "case-4711"
    assert said["Waiting"] == "1 caller in 1 of 2 queues"
    assert said["Rooms"] == "none is open"
    assert "Not read" not in said
    assert "+1212555" not in done.out
    assert len(done.out.splitlines()) < 20


def test_as_json(applied: Stack) -> None:
    found = look(applied)
    assert found["account"]["sid"] == ACCOUNT
    assert found["account"]["name"] == "Acme production"
    state = found["state"]
    assert state["recorded"] == {"call": 1, "queue": 2}
    assert state["retention_rules"] == 1
    assert state["last_run"]["outcomes"] == {"applied": 5}
    assert [(item["address"], item["people"]) for item in state["next"]] == [("call.reminder", 2)]
    assert state["holds"] == [{"name": "case-4711", "declared": True}]
    assert (state["calls_unknown"], state["unfinished_runs"]) == (0, [])
    assert found["live"] == {"queues": 2, "queues_with_callers": 0, "waiting": 0, "rooms": 0}
    assert found["unread"] == []


def test_nothing_is_written(applied: Stack) -> None:
    before = applied.account.writes(), (applied.folder / ".voiceform" / "state.db").read_bytes()
    applied.ok("status")
    assert (applied.account.writes(), (applied.folder / ".voiceform" / "state.db").read_bytes()) == before


def test_nothing_was_ever_applied(stack: Stack) -> None:
    stack.write(CONFIGURATION)
    said = labels(stack.ok("status").out)
    assert said["State"].startswith("there is none in ")
    assert said["Waiting"] == "0 callers in 0 of 0 queues"
    assert not (stack.folder / ".voiceform").exists()


def test_who_may_not_read_the_account_sees_the_rest(applied: Stack) -> None:
    said = labels(applied.ok("status", environ={}).out)
    assert said["Account"] == f'{ACCOUNT} "Acme production"'
    assert said["Holds"] == "case-4711"
    assert said["Not read"].startswith("the account: missing in the environment: TWILIO_ACCOUNT_SID")
    assert "Waiting" not in said


@pytest.mark.parametrize("status", [401, 404, 500])
def test_an_account_that_does_not_answer(applied: Stack, status: int) -> None:
    applied.emulator.faults([{"operation": "listQueues", "kind": "status", "status": status, "times": 99}])
    found = applied.ok("status", "--format", "json", "--timeout", "1s").json
    assert found["live"] is None
    assert [item["what"] for item in found["unread"]] == ["the account"]
    assert found["state"]["recorded"] == {"call": 1, "queue": 2}


def test_another_account(applied: Stack) -> None:
    environ = {**applied.environ, "TWILIO_ACCOUNT_SID": "AC" + "b" * 32}
    before = applied.emulator.requests()
    found = look(applied, environ=environ)
    assert found["account"]["sid"] == ACCOUNT
    assert "the credentials are for ACbb" in found["unread"][0]["error"]
    applied.write(CONFIGURATION.replace(f"account: {ACCOUNT}\n", ""))
    found = look(applied, environ=environ)
    assert "this state records account" in found["unread"][0]["error"]
    assert applied.emulator.requests() == before


def test_a_configuration_that_is_wrong(applied: Stack) -> None:
    applied.write("queues: {support: {max_sise: 1}}\n")
    found = look(applied)
    assert [item["what"] for item in found["unread"]] == ["the configuration"]
    assert found["state"]["recorded"] == {"call": 1, "queue": 2}
    assert found["live"]["queues"] == 2
    assert "voiceform validate" in applied.ok("status").out


@pytest.mark.parametrize("state", ["postgresql://nobody@127.0.0.1:1/none", "nonsense://x"])
def test_a_state_that_cannot_be_opened(applied: Stack, state: str) -> None:
    found = look(applied, environ={**applied.environ, "VOICEFORM_STATE": state})
    assert found["state"] is None
    assert "the recorded state" in [item["what"] for item in found["unread"]]
    assert found["account"]["sid"] == ACCOUNT


@pytest.mark.parametrize(
    ("key", "what", "label", "left"),
    [
        ("resources/queue.sales", "the recorded objects", "State", "last_run"),
        ("runs/", "the runs", "Last run", "recorded"),
        ("holds/added", "the holds", "Holds", "recorded"),
        ("ledger/call.reminder/2026-01-01/0", "the ledgers of calls", "Calls", "recorded"),
        ("pauses/calls", "the ledgers of calls", "Calls", "recorded"),
        ("conferences/conference.x", "the calls to participants", "Calls", "recorded"),
        ("lease", "the locks", "Lock", "recorded"),
    ],
)
def test_what_is_damaged_is_not_known_and_keeps_nothing_else_from_being_told(
    applied: Stack, key: str, what: str, label: str, left: str
) -> None:
    with open_store(STATE, base_dir=applied.folder) as store:
        found = next(iter(store.list(key)), None)
        store.put(found.key if found else key, {"broken": True}, found.version if found else None)
    shown = look(applied)
    assert what in [item["what"] for item in shown["unread"]]
    assert shown["state"][left]
    assert shown["state"]["not_known"]
    said = labels(applied.ok("status").out)
    assert "not known" in said[label]
    assert "Next" not in said or label != "Calls"


def test_who_holds_the_locks(applied: Stack) -> None:
    clock = ManualClock(datetime.now(UTC))
    with (
        open_store(STATE, base_dir=applied.folder) as store,
        acquire(store, operation="apply", holder="ann@ci", clock=clock, ttl=timedelta(hours=1)),
    ):
        said = labels(applied.ok("status").out)
        assert said["Lock"].startswith("held by ann@ci, who runs apply since ")
        assert said["Dispatch"] == "free"
        later = ManualClock(clock.now() + timedelta(days=1))
        assert "did not give it back" in labels(applied.ok("status", clock=later).out)["Lock"]


def test_a_run_that_did_not_end(applied: Stack) -> None:
    with open_store(STATE, base_dir=applied.folder) as store:
        meta = store.get("meta")
        assert meta is not None
        store.put("meta", {**meta.document, "unfinished": ["abc"]}, meta.version)
    said = labels(applied.ok("status").out)
    assert said["Open"] == "1 run did not end; the next apply finds out what became of it"


def test_calls_of_which_nobody_knows(applied: Stack) -> None:
    now = datetime.now(UTC)
    old, new = now - timedelta(days=90), now - timedelta(hours=1)
    with open_store(STATE, base_dir=applied.folder) as store:
        ledger = Ledger(store, "call.reminder")
        for at, to, status in (
            (old, "+12125550101", CallStatus.UNKNOWN),
            (old, "+12125550102", CallStatus.ANSWERED),
            (new, "+12125550102", CallStatus.ANSWERED),
        ):
            made = LedgerEntry(status, at)
            ledger.change_all({Key(at, to): partial(_made, made)})
    found = look(applied)["state"]
    assert found["calls_unknown"] == 1
    assert found["calls_of_24_hours"] == {"answered": 1}
    said = labels(applied.ok("status").out)
    assert said["Unknown"].startswith("nobody knows whether 1 call took place: `voiceform calls list")
    assert said["Calls"] == "1 answered in the last 24 hours"


def test_who_is_not_called_is_said(applied: Stack) -> None:
    applied.ok("calls", "pause", "call.reminder", "--reason", "outage")
    assert "outage" in look(applied)["state"]["next"][0]["paused"]
    said = labels(applied.ok("status").out)["Next"]
    assert "call.reminder, 2 people; nobody is called: paused since " in said
    applied.ok("calls", "resume", "call.reminder")
    assert look(applied)["state"]["next"][0]["paused"] is None


@pytest.mark.parametrize("columns", [60, 100])
def test_it_fits_the_terminal(applied: Stack, columns: int) -> None:
    for environ in (applied.environ, {}):
        terminal = Terminal(applied.folder, environ, "status", columns=columns)
        assert terminal.end() == 0
        assert all(len(line) <= columns for line in terminal.lines)
        assert len(terminal.lines) <= 24
