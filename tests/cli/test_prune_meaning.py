"""Holds and rules are compared by meaning, and what nobody can know is kept."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.pruning import ALICE, BOB, CAROL, Pruner, ca_sid, call, days_ago, plain, re_sid, recording
from tests.hostile.answers import FOREIGN_404, NOT_THE_ANSWER, TWILIO_404, html, twilio_error
from tests.hostile.proxy import Proxy, hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import answer

RULES = "recordings: [{name: all, keep: 90d}]"
LIST = r"/Accounts/AC\w+/Recordings\.json"


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


def holding(match: str, rules: str = RULES) -> str:
    return f"{rules}\nholds: {{case: {{reason: litigation, match: {match}}}}}"


@pytest.mark.parametrize(
    "written", ["Ann Example", "(555) 867-5310", "15558675310", "+1 555", "+15558675310 ext. 5", "anonymous"]
)
@pytest.mark.parametrize("criterion", ["from", "to", "number"])
@pytest.mark.parametrize("section", ["hold", "rule", "call record"])
def test_what_cannot_be_dialled_cannot_be_matched(
    pruner: Pruner, section: str, criterion: str, written: str
) -> None:
    match = f'{{{criterion}: ["{ALICE}", "{written}"]}}'
    declared = {
        "hold": holding(match),
        "rule": f"recordings: [{{name: a, keep: 90d, match: {match}}}]",
        "call record": f"call_records: [{{name: a, keep: 90d, match: {match}}}]",
    }
    pruner.declare(declared[section])
    result = pruner.stack.run("validate", "--format", "json")
    assert result.code == 1
    (found,) = result.json["diagnostics"]
    assert found["code"] == "invalid-number"
    lines = (pruner.stack.folder / "voiceform.yaml").read_text().splitlines()
    assert lines[found["line"] - 1][found["column"] - 1 :].startswith(f'"{written}"')
    assert "client:anna" in found["hint"]


@pytest.mark.parametrize(
    "written", ["+1 (555) 867-5310", "+1-555-867-5310", "+1.555.867.5310", "sip:+15558675310@pbx.example.com"]
)
@pytest.mark.parametrize(
    "live", [ALICE, "15558675310", "sip:+15558675310@pbx.example.com", "tel:+15558675310", "5558675310", ""]
)
def test_a_number_holds_in_every_spelling(pruner: Pruner, written: str, live: str) -> None:
    pruner.declare(holding(f'{{from: ["{written}"]}}'))
    pruner.seed([recording(1, 91), recording(2, 91)], [call(1, 91, caller=live), call(2, 91, caller=BOB)])
    pruner.pruned()
    assert pruner.left() == {1}


def test_sids_hold_in_upper_case_and_of_recordings_too(pruner: Pruner) -> None:
    held = "CA" + "ab" * 16
    pruner.declare(
        f"""{RULES}
holds:
  call: {{reason: x, match: {{call_sid: ["CA{"AB" * 16}"]}}}}
  recording: {{reason: x, match: {{recording_sid: ["RE{re_sid(0xAB)[2:].upper()}"]}}}}"""
    )
    pruner.seed([recording(1, 91, call_sid=held), recording(0xAB, 91), recording(2, 91)])
    pruner.pruned()
    assert pruner.left() == {1, 0xAB}


@pytest.mark.parametrize(
    "match", [f'{{to: ["{ALICE}"]}}', f'{{number: ["{ALICE}"]}}', f'{{call_sid: ["{ca_sid(11)}"]}}']
)
def test_the_recording_of_a_parent_leg_is_held_for_its_child(pruner: Pruner, match: str) -> None:
    pruner.declare(holding(match))
    pruner.seed(
        [recording(1, 91, source="DialVerb"), recording(2, 91, source="DialVerb")],
        [
            call(1, 91, caller=BOB, to=CAROL),
            call(11, 91, caller=BOB, to=ALICE, parent_call_sid=ca_sid(1), direction="outbound-dial"),
            call(2, 91, caller=BOB, to=CAROL),
            call(12, 91, caller=BOB, to=CAROL, parent_call_sid=ca_sid(2), direction="outbound-dial"),
        ],
    )
    pruner.pruned()
    assert pruner.left() == {1}


@pytest.mark.parametrize(
    "match", [f'{{from: ["{ALICE}"]}}', f'{{number: ["{ALICE}"]}}', f'{{call_sid: ["{ca_sid(1)}"]}}']
)
def test_the_recording_of_a_child_leg_is_held_for_its_parent(pruner: Pruner, match: str) -> None:
    pruner.declare(holding(match))
    pruner.seed(
        [recording(11, 91, source="StartCallRecordingAPI"), recording(12, 91)],
        [
            call(1, 91, caller=ALICE, to=CAROL),
            call(11, 91, caller=CAROL, to=BOB, parent_call_sid=ca_sid(1)),
            call(2, 91, caller=BOB, to=CAROL),
            call(12, 91, caller=CAROL, to=BOB, parent_call_sid=ca_sid(2)),
        ],
    )
    pruner.pruned()
    assert pruner.left() == {11}


def test_many_legs_are_listed_instead_of_asked_for(pruner: Pruner) -> None:
    numbers = range(1, 401)
    pruner.declare(holding(f'{{number: ["{ALICE}"]}}'))
    pruner.seed(
        [recording(n, 91 + n / 1000, source="DialVerb") for n in numbers],
        [
            *(call(n, 91 + n / 1000, caller=BOB, to=CAROL) for n in numbers),
            *(
                call(1000 + n, 91 + n / 1000, to=ALICE if n % 2 else CAROL, parent_call_sid=ca_sid(n))
                for n in numbers
            ),
        ],
    )
    pruner.stack.run("prune", "--dry-run", clock=pruner.clock)
    assert len(pruner.stack.emulator.requests("fetchCall")) == 0
    pruner.pruned()
    assert pruner.left() == {n for n in numbers if n % 2}
    assert len(pruner.stack.emulator.requests("fetchCall")) == 200, "once for each that is deleted"


def test_a_conference_that_the_person_may_have_joined_is_held(pruner: Pruner) -> None:
    pruner.declare(holding(f'{{number: ["{ALICE}"]}}'))
    pruner.seed(
        [
            recording(1, 91, source="Conference", conference_sid="CF" + "1" * 32),
            recording(2, 91, source="StartConferenceRecordingAPI"),
            recording(3, 91),
        ],
        [call(n, 91, caller=BOB, to=CAROL) for n in (1, 2, 3)],
    )
    pruner.pruned()
    assert pruner.left() == {1, 2}


def test_a_named_call_holds_the_conferences_of_its_time_alone(pruner: Pruner) -> None:
    pruner.declare(holding(f'{{call_sid: ["{ca_sid(7)}"]}}'))
    pruner.seed(
        [recording(1, 100, source="Conference"), recording(2, 120, source="Conference"), recording(3, 100)],
        [call(7, 100), *(call(n, 110, caller=BOB) for n in (1, 2, 3))],
    )
    pruner.pruned()
    assert pruner.left() == {1}


def test_a_rule_by_number_takes_its_legs_and_leaves_conferences_alone(pruner: Pruner) -> None:
    pruner.declare(f'recordings: [{{name: mine, match: {{number: ["{ALICE}"]}}, keep: 90d}}]')
    pruner.seed(
        [recording(1, 91), recording(2, 91), recording(3, 91, source="Conference"), recording(4, 91)],
        [
            *(call(n, 91, caller=BOB, to=CAROL) for n in (1, 2, 3)),
            call(11, 91, to=ALICE, parent_call_sid=ca_sid(1)),
        ],
    )
    result = pruner.pruned()
    assert pruner.left() == {2, 3, 4}
    assert "2 recordings kept because a rule cannot be decided" in plain(result.out)


def test_two_holds_and_a_rule_that_overlap(pruner: Pruner) -> None:
    rules = (
        f'recordings: [{{name: mine, match: {{number: ["{ALICE}"]}}, keep: 90d}}, {{name: rest, keep: 30d}}]'
    )
    pruner.declare(
        f"""{rules}
holds:
  one: {{reason: x, match: {{to: ["{ALICE}"], created: {{start: 2026-01-01}}}}}}
  two: {{reason: x, match: {{from: ["{ALICE}"], max_duration: 60s}}}}"""
    )
    pruner.seed(
        [
            recording(1, 91),
            recording(2, 91),
            recording(3, 91, duration=61),
            recording(4, 300),
            recording(5, 31),
        ],
        [
            call(1, 91, caller=BOB, to=ALICE),
            call(2, 91, caller=ALICE, to=BOB),
            call(3, 91, caller=ALICE, to=BOB),
            call(4, 300, caller=BOB, to=ALICE),
            call(5, 31, caller=BOB, to=CAROL),
        ],
    )
    pruner.pruned()
    assert pruner.left() == {1, 2}


def proxied(pruner: Pruner, proxy: Proxy) -> None:
    pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url


def odd_rows(pruner: Pruner, proxy: Proxy, *numbers: int, **fields: Any) -> None:
    """Let the service list recordings with values that the emulator would never show."""
    proxied(pruner, proxy)
    rows = [
        {
            "sid": re_sid(number),
            "call_sid": ca_sid(number),
            "date_created": days_ago(91),
            "status": "completed",
            "source": "DialVerb",
            "channels": 1,
            "duration": "60",
            **fields,
        }
        for number in numbers
    ]
    proxy.rule("GET", LIST, answer(200, {"recordings": rows, "next_page_uri": None}))


@pytest.mark.parametrize("criteria", ["{min_duration: 60s}", "{max_duration: 60s}"])
@pytest.mark.parametrize("duration", ["-1", -1, None, "?"])
@pytest.mark.parametrize("status", ["completed", "absent"])
def test_a_length_that_is_not_known_is_held(
    pruner: Pruner, criteria: str, duration: object, status: str
) -> None:
    pruner.declare(holding(criteria))
    pruner.seed([recording(1, 91)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        odd_rows(pruner, proxy, 1, duration=duration, status=status)
        pruner.prune()
    assert pruner.left() == {1}


@pytest.mark.parametrize(("duration", "left"), [("-1", {1}), (None, {1}), ("0", set()), ("60", set())])
def test_a_completed_recording_without_a_length_stays(
    pruner: Pruner, duration: str | None, left: set[int]
) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        odd_rows(pruner, proxy, 1, duration=duration)
        result = pruner.prune()
    assert result.code == 0, result.out + result.err
    assert pruner.left() == left


@pytest.mark.parametrize(
    "date",
    [
        "Thu, 01 Jan 1970 00:00:00 +0000",
        "Mon, 01 Jan 0001 00:00:00 +0000",
        "0001-01-01T00:00:00Z",
        "2007-12-31T00:00:00Z",
        "9999-12-31T23:59:59Z",
    ],
)
@pytest.mark.parametrize("rule", ["keep: 90d", "until: 2026-01-01"])
def test_a_date_that_cannot_be_is_not_known(pruner: Pruner, date: str, rule: str) -> None:
    pruner.declare(f"recordings: [{{name: all, {rule}}}]")
    pruner.seed([recording(1, 91)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        odd_rows(pruner, proxy, 1, date_created=date)
        pruner.prune()
    assert pruner.left() == {1}


@pytest.mark.parametrize(
    "step",
    [
        TWILIO_404["json"],
        FOREIGN_404["nginx"],
        html(403),
        twilio_error(403, 20003),
        NOT_THE_ANSWER["login page"],
        NOT_THE_ANSWER["json null"],
    ],
    ids=["gone", "nginx", "firewall", "forbidden", "login page", "null"],
)
def test_a_hold_by_number_survives_whatever_fetch_call_answers(pruner: Pruner, step: bytes) -> None:
    pruner.declare(holding(f'{{number: ["{ALICE}"]}}'))
    pruner.seed([recording(1, 91)], [call(1, 91, caller=ALICE)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxied(pruner, proxy)
        proxy.rule("GET", r"/Calls/CA", step)
        pruner.prune()
    assert pruner.left() == {1}


def calls_page(*rows: dict[str, Any]) -> bytes:
    return answer(200, {"calls": list(rows), "next_page_uri": None})


@pytest.mark.parametrize("parent", [ca_sid(1), ca_sid(1).replace("ca", "CA").upper()])
def test_children_are_those_whose_rows_say_so(pruner: Pruner, parent: str) -> None:
    """The service ignores filters that it does not know, and may write SIDs in capitals."""
    pruner.declare(holding(f'{{number: ["{ALICE}"]}}'))
    pruner.seed([recording(1, 91), recording(2, 91)], [call(n, 91, caller=BOB, to=CAROL) for n in (1, 2)])
    child = {"sid": ca_sid(11), "from": BOB, "to": ALICE, "parent_call_sid": parent, "status": "completed"}
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxied(pruner, proxy)
        proxy.rule("GET", r"/Calls\.json\?.*ParentCallSid", calls_page(child))
        pruner.pruned()
    assert pruner.left() == {1}


def test_a_service_that_does_not_know_children_leaves_it_open(pruner: Pruner) -> None:
    pruner.declare(holding(f'{{number: ["{ALICE}"]}}'))
    pruner.seed([recording(1, 91)], [call(1, 91, caller=BOB, to=CAROL)])
    strangers = [
        {"sid": ca_sid(5000 + n), "from": BOB, "to": BOB, "parent_call_sid": None} for n in range(1000)
    ]
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxied(pruner, proxy)
        proxy.rule("GET", r"/Calls\.json\?.*ParentCallSid", calls_page(*strangers))
        pruner.pruned()
    assert pruner.left() == {1}


def test_call_records_of_all_legs_are_held(pruner: Pruner) -> None:
    pruner.declare(holding(f'{{number: ["{ALICE}"]}}', "call_records: [{name: cdr, keep: 90d}]"))
    pruner.seed(
        calls=[
            call(1, 91, caller=BOB, to=CAROL),
            call(11, 91, caller=CAROL, to=ALICE, parent_call_sid=ca_sid(1)),
            call(2, 91, caller=ALICE, to=CAROL),
            call(12, 91, caller=CAROL, to=BOB, parent_call_sid=ca_sid(2)),
            call(3, 91, caller=BOB, to=CAROL),
            call(13, 91, caller=BOB, to=CAROL, parent_call_sid=ca_sid(3)),
            call(14, 91, caller=BOB, to=CAROL, parent_call_sid=ca_sid(999)),
        ]
    )
    pruner.pruned()
    assert pruner.calls_left() == {1, 11, 2, 12, 14}, "the parent of 14 cannot be read"


def test_one_empty_list_of_recordings_does_not_free_call_records(pruner: Pruner) -> None:
    pruner.declare("recordings: [{name: all, keep: 400d}]\ncall_records: [{name: cdr, keep: 90d}]")
    pruner.seed([recording(1, 91)], [call(1, 91), call(2, 91)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxied(pruner, proxy)
        proxy.rule("GET", LIST, answer(200, {"recordings": [], "next_page_uri": None}))
        result = pruner.prune()
    assert pruner.calls_left() == {1}
    assert "its recording" in str(pruner.lines("call-record"))
    assert result.code == 6


@pytest.mark.parametrize(
    "step",
    [
        TWILIO_404["json"],
        FOREIGN_404["nginx"],
        NOT_THE_ANSWER["login page"],
        NOT_THE_ANSWER["json null"],
        twilio_error(403, 20003),
        answer(200, {"recordings": [{"sid": re_sid(9), "call_sid": ca_sid(9)}], "next_page_uri": None}),
        answer(200, {"recordings": [{"sid": re_sid(9)}], "next_page_uri": None}),
    ],
    ids=["gone", "nginx", "login page", "null", "forbidden", "of another call", "of no call"],
)
def test_a_call_record_stays_whose_recordings_cannot_be_asked_for(pruner: Pruner, step: bytes) -> None:
    pruner.declare("recordings: [{name: all, keep: 400d}]\ncall_records: [{name: cdr, keep: 90d}]")
    pruner.seed([recording(2, 10)], [call(1, 91)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxied(pruner, proxy)
        proxy.rule("GET", r"/Calls/CA\w+/Recordings", step)
        assert pruner.prune().code == 5
    assert pruner.calls_left() == {1}


def test_a_late_hold_by_number_knows_the_legs_too(pruner: Pruner) -> None:
    from tests.cli.test_prune_holds import land_hold

    pruner.declare(RULES)
    pruner.seed(
        [recording(1, 91), recording(2, 91), recording(3, 91, source="Conference")],
        [
            *(call(n, 91, caller=BOB, to=CAROL) for n in (1, 2, 3)),
            call(11, 91, to=ALICE, parent_call_sid=ca_sid(1)),
        ],
    )
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    pruner.declare("recordings: []")
    land_hold(pruner, number=[ALICE])
    pruner.stack.run("apply", "p.json", clock=pruner.clock)
    assert pruner.left() == {1, 3}
