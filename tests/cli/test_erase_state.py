"""After an erasure no document of the state holds the number, and nobody is called twice for all that."""

from __future__ import annotations

import json
import random
import re
import time
from datetime import timedelta

import pytest
import requests

from tests.cli.calling import NINE, OTHER, TO, Timeline, after, calls
from tests.cli.pruning import plain
from tests.support import ACCOUNT, TOKEN, Result, Stack
from voiceform.state.open import DEFAULT_URL, open_store

NOWHERE = "5550101"
"""The last digits of TO."""
APPROVED = ("--approve", "delete:call-record=9", "--approve", "delete:recording=9")


class Schedules(Timeline):
    """A stack with schedules in which people are erased."""

    def erase(self, number: str = TO, *argv: str) -> Result:
        """Erase a person without asking."""
        return self.at(
            after(hours=2), "erase", number, "--reason", "request 4711", "--auto-approve", *APPROVED, *argv
        )

    def look(self, number: str = TO) -> Result:
        return self.at(after(hours=3), "erase", "verify", number, "--format", "json")

    def state(self) -> str:
        """The whole state as text."""
        return json.dumps(self.stack.ok("state", "pull").json)

    def called(self, *people: str) -> None:
        """Apply a schedule for these people, call them at nine, and learn how that ended."""
        self.stack.write(calls(people))
        self.apply(NINE - timedelta(hours=1))
        assert self.at(NINE, "dispatch", "--once").code == 0
        assert self.at(after(hours=1), "dispatch", "--once").code == 0


@pytest.fixture
def schedules(shared_state: Stack) -> Schedules:
    return Schedules(shared_state)


EVERYWHERE = pytest.mark.parametrize("shared_state", ["sqlite", "postgres", "s3"], indirect=True)
HERE = pytest.mark.parametrize("shared_state", ["sqlite"], indirect=True)


@EVERYWHERE
def test_nothing_in_the_state_holds_the_number(schedules: Schedules) -> None:
    schedules.called(TO, OTHER)
    assert NOWHERE in schedules.state()
    schedules.stack.write(calls(OTHER))
    schedules.apply(after(hours=1))
    result = schedules.erase()
    assert result.code == 0, result.out + result.err
    assert "entries of the ledger: 1" in result.out
    assert "runs: 2" in result.out
    state = schedules.state()
    assert NOWHERE not in state
    assert OTHER in state
    for path in (schedules.stack.folder / ".voiceform").glob("state.db*"):
        assert TO.encode() not in path.read_bytes(), "nor in what was overwritten"
    found = schedules.look()
    assert (found.code, found.json["complete"], len(found.json["erasures"])) == (0, True, 1)
    assert schedules.look(OTHER).code == 5
    entries = schedules.ledger(after(hours=2))
    assert sorted(entry["status"] for entry in entries) == ["answered", "answered"]
    assert schedules.at(after(hours=4), "plan", "--detailed-exitcode").code == 0


@HERE
def test_who_is_declared_again_is_not_called_again_for_the_same(schedules: Schedules) -> None:
    schedules.called(TO)
    schedules.stack.write(calls(OTHER, misfire_grace="12h"))
    schedules.apply(after(hours=1))
    assert schedules.erase().code == 0
    placed = schedules.placed()
    schedules.stack.write(calls([TO], misfire_grace="12h"))
    schedules.apply(after(hours=3))
    assert schedules.at(after(hours=3), "dispatch", "--once").code == 0
    assert schedules.placed().count(TO) == placed.count(TO) == 1
    assert [entry["status"] for entry in schedules.ledger(after(hours=3)) if entry["to"] == TO] == []


@HERE
@pytest.mark.parametrize("spelling", [TO, "sip:+1-212-555-0101@pbx.example.com"])
def test_who_is_declared_cannot_be_erased(schedules: Schedules, spelling: str) -> None:
    schedules.called(spelling)
    result = schedules.erase()
    assert result.code == 4
    assert re.search(r"call.reminder names the person at \S*voiceform.yaml:3:3", " ".join(result.out.split()))
    assert schedules.look().json["declared"] == ["call.reminder"]
    schedules.stack.write(calls(OTHER))
    recorded = schedules.erase()
    assert recorded.code == 4
    assert "call.reminder is recorded with the person in it" in " ".join(recorded.out.split())
    schedules.apply(after(hours=1))
    assert schedules.erase().code == 0


@HERE
def test_a_list_that_names_the_person_blocks_and_a_do_not_call_list_does_not(schedules: Schedules) -> None:
    (schedules.stack.folder / "people.csv").write_text(f"phone\n{OTHER}\n{TO}\n")
    (schedules.stack.folder / "never.txt").write_text(f"{TO}\n")
    schedules.stack.write(
        "calls:\n  reminder:\n    to: {csv: people.csv, column: phone}\n"
        '    from: "+15017122661"\n    schedule: {at: 2026-12-01T09:00:00, timezone: America/New_York}\n'
        "    answer: {say: Hello}\n    do_not_call: never.txt\n"
    )
    schedules.apply(NINE - timedelta(hours=1))
    assert schedules.erase().code == 4
    (schedules.stack.folder / "people.csv").write_text(f"phone\n{OTHER}\n")
    schedules.apply(after(hours=1))
    assert schedules.erase().code == 0
    assert TO in (schedules.stack.folder / "never.txt").read_text()


@HERE
def test_a_call_of_which_nobody_knows_is_left_until_it_is_resolved(schedules: Schedules) -> None:
    schedules.stack.write(calls(TO))
    schedules.apply(NINE - timedelta(hours=1))
    schedules.stack.emulator.faults([{"operation": "createCall", "times": 1, "kind": "drop-before"}])
    assert schedules.at(NINE, "dispatch", "--once").code == 8
    schedules.stack.write(calls(OTHER))
    schedules.apply(after(hours=1))
    result = schedules.erase()
    assert result.code == 5
    assert "nobody knows whether they were placed" in " ".join(result.out.split())
    moment = "2026-12-01T14:00:00Z"
    resolved = schedules.at(
        after(hours=2), "calls", "resolve", "call.reminder", moment, "--not-placed", "--to", TO
    )
    assert resolved.code == 0, resolved.err
    assert schedules.erase().code == 0
    assert NOWHERE not in schedules.state()


@HERE
def test_a_backup_that_is_pushed_brings_the_person_back_and_verify_finds_it(schedules: Schedules) -> None:
    schedules.called(TO)
    backup = schedules.stack.ok("state", "pull").json
    schedules.stack.write(calls(OTHER))
    schedules.apply(after(hours=1))
    assert schedules.erase().code == 0
    now = schedules.stack.ok("state", "pull").json
    backup["serial"] = now["serial"] + 1
    (schedules.stack.folder / "backup.json").write_text(json.dumps(backup))
    pushed = schedules.stack.run("state", "push", "backup.json")
    assert pushed.code == 0, pushed.err
    assert schedules.look().code == 5
    schedules.apply(after(hours=2))
    assert schedules.erase().code == 0
    assert NOWHERE not in schedules.state()
    assert schedules.placed().count(TO) == 1


@pytest.mark.parametrize("shared_state", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("seed", range(6))
def test_an_erasure_that_is_killed_among_its_writes_is_made_whole(schedules: Schedules, seed: int) -> None:
    """The deletions are over quickly; what is killed is the forgetting, by the ledger and by the journal."""
    stack = schedules.stack
    hourly = "{rrule: 'FREQ=HOURLY;COUNT=30', dtstart: 2026-12-01T00:00:00, timezone: UTC}"
    stack.write(calls([TO, OTHER], hourly, misfire_grace="40h"))
    schedules.apply(NINE - timedelta(hours=15))
    for hours in range(0, 31, 10):
        assert schedules.at(NINE + timedelta(hours=hours), "dispatch", "--once").code == 0
    end = NINE + timedelta(hours=40)
    assert schedules.at(end, "dispatch", "--once").code == 0
    stack.write(calls(OTHER))
    schedules.apply(end)
    placed = schedules.placed().count(TO)
    process = stack.start(
        "erase", TO, "--reason", "request 4711", "--auto-approve", "--approve", "delete:call-record=99",
        "--parallelism", "8",
    )  # fmt: skip
    while process.poll() is None and stack.account.writes().count("deleteCall") < placed:
        time.sleep(0.001)
    time.sleep(random.Random(seed).random() * 0.15)
    process.kill()
    process.wait()
    stack.run("lock", "break", "--reason", "its holder was killed")
    again = schedules.at(
        end, "erase", TO, "--reason", "request 4711", "--auto-approve", "--approve", "delete:call-record=99"
    )
    assert again.code == 0, again.out + again.err
    assert NOWHERE not in schedules.state()
    assert schedules.at(end, "erase", "verify", TO).code == 0
    assert stack.run("prune", "verify", "evidence").code == 0
    stack.write(calls([TO, OTHER], hourly, misfire_grace="40h"))
    schedules.apply(end)
    schedules.at(end, "dispatch", "--once")
    assert schedules.placed().count(TO) == placed


@HERE
def test_what_the_ledger_alone_knows_leads_to_the_recording(schedules: Schedules) -> None:
    """The call's record is gone from the account; its SID tells whose the recording is."""
    schedules.called(TO)
    stack = schedules.stack
    (sid,) = [entry["sid"] for entry in schedules.ledger(after(hours=1))]
    stack.account.delete(f"Calls/{sid}.json")
    recording = {"sid": "RE" + "7" * 32, "call_sid": sid, "date_created": NINE.isoformat(), "duration": 9}
    stack.emulator.seed({"recordings": [recording, {**recording, "sid": "RE" + "8" * 32, "call_sid": None}]})
    stack.write(calls(OTHER))
    schedules.apply(after(hours=1))
    assert schedules.erase().code == 0
    left = requests.get(f"{stack.account.base}/Recordings.json", auth=(ACCOUNT, TOKEN), timeout=10).json()
    assert [row["sid"] for row in left["recordings"]] == ["RE" + "8" * 32]
    listed = schedules.at(after(hours=2), "calls", "list")
    assert "erased" in listed.out
    assert "•0101" not in listed.out


@HERE
def test_reasons_that_hold_the_number_are_taken_out(schedules: Schedules) -> None:
    schedules.called(TO)
    stack = schedules.stack
    stack.ok("calls", "pause", "call.reminder", "--reason", f"{TO} complained")
    stack.write(calls(OTHER))
    schedules.apply(after(hours=1))
    assert NOWHERE in schedules.state()
    assert schedules.erase().code == 0
    assert NOWHERE not in schedules.state()
    assert "erased" in schedules.state()
    stack.ok("calls", "resume", "call.reminder")


@HERE
def test_what_nobody_knows_how_to_change_is_named_and_left(schedules: Schedules) -> None:
    """As a later voiceform may write it."""
    schedules.called(TO)
    schedules.stack.write(calls(OTHER))
    schedules.apply(after(hours=1))
    with open_store(DEFAULT_URL, base_dir=schedules.stack.folder) as store:
        store.put("notes/calls", {"about": [f"call {TO} back"]}, None)
    result = schedules.erase()
    assert result.code == 5
    assert "the document notes/calls of the state, which nobody knows how to change" in plain(result.out)
