"""One person is erased: everywhere, once it was approved, and provably."""

from __future__ import annotations

import json

import jsonschema
import pytest

from tests.cli.pruning import ALICE, BOB, CAROL, Pruner, ca_sid, call, plain, re_sid, recording
from tests.support import Result, Stack
from tests.telling import tells_of_alice
from voiceform.model.schema_files import schema_text

OURS = "+15017122661"
assert BOB == OURS


class Eraser(Pruner):
    """A stack in which a person can be erased."""

    def erase(self, *argv: str, number: str = ALICE, auto: bool = True) -> Result:
        """Erase Alice without asking."""
        asked = ("--auto-approve",) if auto else ()
        return self.stack.run("erase", number, "--reason", "request 4711", *asked, *argv, clock=self.clock)

    def erased(self, *argv: str) -> Result:
        """Erase; must end with 0, leave nothing, and sound evidence."""
        result = self.erase(*argv)
        assert result.code == 0, f"{result.code}\n{result.out}\n{result.err}"
        assert self.look().json["complete"]
        self.verify()
        return result

    def look(self, number: str = ALICE) -> Result:
        """What `erase verify` says."""
        return self.stack.run("erase", "verify", number, "--format", "json", clock=self.clock)

    def state(self) -> str:
        """The whole state as text."""
        return json.dumps(self.stack.ok("state", "pull").json)


@pytest.fixture
def eraser(stack: Stack) -> Eraser:
    eraser = Eraser(stack)
    eraser.declare("recordings: [{name: all, keep: 9999d}]")
    eraser.stack.apply()
    return eraser


def test_what_is_known_of_a_person_goes_and_nothing_else(eraser: Eraser) -> None:
    eraser.seed(
        [recording(n, 5) for n in range(6)],
        [
            call(0, 5, caller=ALICE, to=OURS),
            call(1, 5, to=ALICE),
            call(2, 5, to=CAROL),
            call(3, 5, to="sip:+1-555-867-5310@pbx.example.com"),
            call(4, 5, caller="15558675310", to=OURS),
            call(5, 5, caller=CAROL, to=OURS),
        ],
    )
    result = eraser.erased()
    assert eraser.left() == {2, 5}
    assert eraser.calls_left() == {2, 5}
    assert "4 recordings and 4 call records to delete by 2 steps" in plain(result.out)
    assert "Deleted 4 recordings (4 minutes) and 4 call records" in plain(result.out)
    told = "".join(path.read_text() for path in eraser.evidence.iterdir())
    assert not tells_of_alice(told)
    assert "request 4711" in told
    assert eraser.calls_left() == {2, 5}
    again = eraser.erase()
    assert (again.code, eraser.look().code) == (0, 0)
    assert not tells_of_alice(again.out + again.err + result.out + result.err)


def test_every_spelling_of_the_number_means_the_person(eraser: Eraser) -> None:
    for n, number in enumerate(
        [ALICE, "sip:+15558675310@pbx.example.com", "+1 (555) 867-5310", "tel:+15558675310"]
    ):
        eraser.seed([recording(n, 5)], [call(n, 5, to=ALICE)])
        assert eraser.erase(number=number).code == 0
        assert eraser.left() == set()


@pytest.mark.parametrize(
    "number", ["anonymous", "5558675310", "15558675310", "", "call.reminder", "+1", "verify"]
)
def test_who_cannot_be_known_is_not_looked_for(eraser: Eraser, number: str) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE)])
    result = eraser.erase(number=number)
    assert result.code == 64
    assert eraser.left() == {1}


@pytest.mark.parametrize("reason", ["", "   ", f"for {ALICE}", "Mr +1 (555) 867-5310 asked", "x" * 501])
def test_a_reason_is_one_and_does_not_keep_the_number(eraser: Eraser, reason: str) -> None:
    result = eraser.stack.run("erase", ALICE, "--reason", reason, "--auto-approve")
    assert result.code == 64
    assert not tells_of_alice(result.err)
    assert eraser.stack.run("erase", ALICE, "--auto-approve").code == 64


def test_the_legs_of_a_call_are_the_persons_where_they_are_on_them(eraser: Eraser) -> None:
    """The recording of a call that was passed on to the person goes; the other party's record stays."""
    eraser.seed(
        [recording(1, 5, source="DialVerb"), recording(2, 5, source="DialVerb")],
        [
            call(1, 5, caller=CAROL, to=OURS),
            call(11, 5, caller=OURS, to=ALICE, parent_call_sid=ca_sid(1), direction="outbound-dial"),
            call(2, 5, caller=CAROL, to=OURS),
            call(12, 5, caller=OURS, to=CAROL, parent_call_sid=ca_sid(2), direction="outbound-dial"),
        ],
    )
    eraser.erased()
    assert eraser.left() == {2}
    assert eraser.calls_left() == {1, 2, 12}


def test_what_nobody_can_tell_is_kept_and_named(eraser: Eraser) -> None:
    eraser.seed(
        [
            recording(1, 5),
            recording(2, 5),
            recording(3, 5, source="Conference", conference_sid="CF" + "3" * 32),
            recording(4, 300, source="Conference", conference_sid="CF" + "4" * 32),
        ],
        [
            call(1, 5, to=ALICE),
            call(2, 5, caller="anonymous", to=OURS),
            call(3, 5, to=CAROL),
            call(4, 300, to=CAROL),
            call(5, 5, caller="5558675310", to=OURS),
        ],
    )
    result = eraser.erase()
    assert result.code == 0
    assert eraser.left() == {2, 3, 4}
    assert eraser.calls_left() == {2, 3, 4, 5}
    told = plain(result.out)
    assert re_sid(2) in told
    assert re_sid(3) in told
    assert ca_sid(5) in told
    assert re_sid(4) not in told, "nobody was on the telephone with the person on that day"
    found = eraser.look()
    assert (found.code, found.json["doubtful"]) == (0, {"recordings": 1, "call records": 2})


def test_a_hold_wins_and_the_erasure_goes_on_when_it_ends(eraser: Eraser) -> None:
    eraser.seed([recording(n, 5) for n in range(3)], [call(n, 5, to=ALICE) for n in range(3)])
    eraser.stack.ok("hold", "add", "case", "--reason", "litigation", "--recording", re_sid(1))
    result = eraser.erase()
    assert result.code == 5
    assert eraser.left() == {1}
    assert eraser.calls_left() == {1}, "the record tells whose the recording is"
    assert "recordings kept by the hold case: 1" in plain(result.out)
    found = eraser.look()
    assert found.code == 5
    assert found.json["left"] == {
        "recordings kept by the hold case": 1,
        "call records whose recordings stay": 1,
    }
    eraser.stack.ok("hold", "release", "case", "--approve", "release-hold=case")
    eraser.erased()
    assert (eraser.left(), eraser.calls_left()) == (set(), set())


def test_a_hold_by_the_number_keeps_everything(eraser: Eraser) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE)])
    eraser.stack.ok("hold", "add", "case", "--reason", "litigation", "--number", ALICE)
    assert eraser.erase().code == 5
    assert (eraser.left(), eraser.calls_left()) == ({1}, {1})
    eraser.stack.ok("hold", "release", "case", "--approve", "release-hold=case")
    assert ALICE in eraser.state()
    eraser.erased()
    assert not tells_of_alice(eraser.state())
    assert eraser.stack.ok("hold", "list", "--all").out.count("case") == 1


def test_a_declared_hold_by_the_number_does_not_block(eraser: Eraser) -> None:
    hold = f'holds: {{h: {{reason: r, match: {{number: ["{ALICE}"]}}}}}}'
    eraser.declare(f"recordings: [{{name: all, keep: 9999d}}]\n{hold}")
    eraser.stack.apply()
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE)])
    result = eraser.erase()
    assert result.code == 5
    assert eraser.left() == {1}
    assert "kept by the hold h" in plain(result.out)


def test_live_calls_and_recordings_in_progress_are_left(eraser: Eraser) -> None:
    eraser.seed(
        [recording(1, 5), recording(2, 0, status="in-progress", duration=None)],
        [call(1, 5, to=ALICE), call(2, 0, to=ALICE, status="in-progress")],
    )
    result = eraser.erase()
    assert result.code == 5
    assert "calls that have not ended: 1" in plain(result.out)
    assert (eraser.left(), eraser.calls_left()) == ({2}, {2})
    assert "endCall" not in eraser.stack.account.writes()
    assert set(eraser.stack.account.writes()) == {"deleteRecording", "deleteCall"}


def test_limits_hold_and_are_approved_as_those_of_prune(eraser: Eraser) -> None:
    eraser.declare("recordings: [{name: all, keep: 9999d}]", safety="safety: {max_recording_deletes: 2}\n")
    eraser.stack.apply()
    eraser.seed([recording(n, 5) for n in range(3)], [call(n, 5, to=ALICE) for n in range(3)])
    blocked = eraser.erase()
    assert blocked.code == 4
    assert "--approve delete:recording=3" in plain(blocked.out)
    assert eraser.left() == {0, 1, 2}
    approvals = ("--approve", "delete:recording=3", "--approve", "delete:call-record=3")
    eraser.erased(*approvals)


def test_nobody_is_erased_unasked(eraser: Eraser) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE)])
    assert eraser.erase(auto=False).code == 64
    dry = eraser.erase("--dry-run", auto=False)
    assert (dry.code, eraser.left(), eraser.evidence.exists()) == (0, {1}, False)
    assert not eraser.stack.account.writes()


def test_a_saved_plan_holds_no_number_and_is_carried_out(eraser: Eraser) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE)])
    assert eraser.erase("--out", "p.json", auto=False).code == 0
    assert not tells_of_alice((eraser.stack.folder / "p.json").read_text())
    shown = eraser.stack.ok("show", "p.json", "--format", "markdown").out
    assert "retention.erasure.recordings" in shown
    assert eraser.stack.run("apply", "p.json", clock=eraser.clock).code == 0
    assert eraser.look().json["complete"]
    (run,) = eraser.look().json["erasures"]
    assert run["reason"] == "request 4711"
    assert run["removed"] == {"recording": 1, "call-record": 1}


def test_an_object_that_is_of_somebody_else_by_now_is_kept(eraser: Eraser) -> None:
    eraser.seed([recording(1, 5), recording(2, 5)], [call(1, 5, to=ALICE), call(2, 5, to=ALICE)])
    assert eraser.erase("--out", "p.json", auto=False).code == 0
    eraser.stack.account.delete(f"Calls/{ca_sid(1)}.json")
    eraser.seed([], [call(1, 5, to=CAROL)])
    result = eraser.stack.run("apply", "p.json", clock=eraser.clock)
    assert result.code != 0
    assert (eraser.left(), eraser.calls_left()) == ({1}, {1})
    assert eraser.statuses() == {1: "kept-as-changed", 2: "deleted"}


def test_the_run_is_listed_and_cannot_be_undone(eraser: Eraser) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE)])
    dry = eraser.erase("--dry-run", auto=False)
    assert "cannot be undone" in plain(dry.out)
    eraser.erased()
    run = eraser.look().json["erasures"][0]["run"]
    assert run in eraser.stack.ok("runs").out
    undo = eraser.stack.run("undo", run)
    assert "cannot be had back" in plain(undo.out + undo.err)


def test_a_state_that_is_empty_begins_with_an_erasure(stack: Stack) -> None:
    eraser = Eraser(stack)
    eraser.declare("recordings: [{name: all, keep: 9999d}]")
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE)])
    assert eraser.erase("--dry-run", auto=False).code == 0
    assert eraser.erase("--out", "p.json", auto=False).code == 64
    eraser.erased()
    assert len(eraser.look().json["erasures"]) == 1


def test_thousands_of_calls_of_one_number(eraser: Eraser) -> None:
    eraser.seed(calls=[call(n, 5 + n / 1000, to=ALICE) for n in range(2500)])
    eraser.seed([recording(n, 5) for n in range(3)])
    eraser.erased("--parallelism", "50")
    assert (eraser.left(), eraser.calls_left()) == (set(), set())


def test_every_line_of_evidence_is_as_its_schema_says(eraser: Eraser) -> None:
    eraser.seed(
        [recording(1, 5), recording(2, 5)],
        [call(1, 5, to=ALICE), call(2, 5, to=ALICE), call(3, 0, to=ALICE, status="ringing")],
    )
    eraser.stack.ok("hold", "add", "case", "--reason", "litigation", "--call", ca_sid(2))
    assert eraser.erase().code == 5
    schema = jsonschema.Draft202012Validator(json.loads(schema_text("evidence")))
    lines = [line for path in eraser.evidence.glob("*.jsonl") for line in path.read_text().splitlines()]
    for line in lines:
        schema.validate(json.loads(line))
    (summary,) = eraser.evidence.glob("*.summary.json")
    schema.validate(json.loads(summary.read_text()))
    events = [json.loads(line) for line in lines]
    assert {event["event"] for event in events} == {"opened", "erasure", "recording", "call-record", "closed"}
    (page,) = eraser.evidence.glob("*.html")
    assert "request 4711" in page.read_text()
    eraser.verify()


def test_plan_and_report_are_as_their_schemas_say(eraser: Eraser) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE), call(2, 0, to=ALICE, status="ringing")])
    plan = eraser.erase("--dry-run", "--format", "json", auto=False)
    jsonschema.Draft202012Validator(json.loads(schema_text("plan"))).validate(plan.json)
    report = eraser.erase("--format", "json")
    jsonschema.Draft202012Validator(json.loads(schema_text("run"))).validate(report.json)
    assert report.code == 5
    assert not tells_of_alice(plan.out + report.out + report.err)


@pytest.mark.parametrize(
    ("person", "theirs", "others"),
    [
        ("sip:anna@example.com", "sip:anna@EXAMPLE.com:5061;transport=tls", "sip:Anna@example.com"),
        ("client:anna", "client:anna", "client:anna2"),
        ("+442079460000", "tel:+44-20-7946-0000", "+442079460001"),
    ],
)
def test_addresses_are_people_too(eraser: Eraser, person: str, theirs: str, others: str) -> None:
    eraser.seed(
        [recording(n, 5) for n in (1, 2)],
        [call(1, 5, to=theirs), call(2, 5, to=others)],
    )
    result = eraser.erase(number=person)
    assert result.code == 0
    assert (eraser.left(), eraser.calls_left()) == ({2}, {2})
    assert "anna" not in "".join(path.read_text() for path in eraser.evidence.iterdir())
