"""What somebody else than Twilio answers to a deletion is no deletion; what a list leaves out is not gone."""

from __future__ import annotations

import json

import pytest

from tests.cli.pruning import Pruner, call, re_sid, recording
from tests.hostile.answers import FOREIGN_404, FOREIGN_REFUSALS, NOT_THE_ANSWER, TWILIO_404
from tests.hostile.proxy import hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import answer

RULES = "recordings: [{name: all, keep: 90d}]"


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


@pytest.mark.parametrize("name", FOREIGN_404)
@pytest.mark.parametrize("method", ["DELETE", "GET"])
def test_a_recording_that_a_proxy_calls_absent_is_not_gone(pruner: Pruner, name: str, method: str) -> None:
    pruner.declare(RULES)
    pruner.seed(
        [
            recording(1, 91),
            *(recording(10 + n, 90.9) for n in range(6)),
            *(recording(20 + n, 3) for n in (1, 2)),
        ]
    )
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxy.rule(method, rf"/Recordings/{re_sid(1)}\.json", FOREIGN_404[name])
        if method == "GET":  # the row is read again by itself when the list does not show it
            proxy.rule("DELETE", rf"/Recordings/{re_sid(1)}\.json", answer(503))
        pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        assert pruner.prune().code == 5
    assert pruner.left() == {1, 21, 22}
    # Whether a deletion that was answered with 503 happened, a stranger's 404 does not tell.
    assert pruner.statuses().get(1) == ("failed" if method == "DELETE" else None)
    pruner.stack.environ["VOICEFORM_BASE_URL"] = pruner.stack.emulator.url
    pruner.pruned()


@pytest.mark.parametrize("name", TWILIO_404)
def test_a_recording_that_twilio_calls_absent_is_gone_already(pruner: Pruner, name: str) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxy.rule("DELETE", "/Recordings/", TWILIO_404[name], after=True)
        pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        pruner.pruned()
    assert pruner.statuses() == {1: "already-gone"}


@pytest.mark.parametrize("name", FOREIGN_404)
def test_a_call_record_that_a_proxy_calls_absent_is_not_gone(pruner: Pruner, name: str) -> None:
    pruner.declare("call_records: [{name: cdr, keep: 1d}]")
    pruner.seed(calls=[call(1, 2)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxy.rule("DELETE", "/Calls/", FOREIGN_404[name])
        pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        assert pruner.prune().code == 5
    assert pruner.calls_left() == {1}
    assert [line["status"] for line in pruner.lines("call-record")] == ["failed"]


@pytest.mark.parametrize("name", FOREIGN_REFUSALS)
def test_what_is_gone_though_a_gateway_withheld_the_answer_is_taken_down_as_gone(
    pruner: Pruner, name: str
) -> None:
    pruner.declare("recordings: [{name: all, keep: 90d}]\ncall_records: [{name: cdr, keep: 1d}]")
    pruner.seed([recording(1, 91)], [call(2, 2)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxy.rule("DELETE", "/(Recordings|Calls)/", FOREIGN_REFUSALS[name], after=True)
        pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        pruner.pruned()
    lines = [line["status"] for event in ("recording", "call-record") for line in pruner.lines(event)]
    assert lines == ["already-gone", "already-gone"]


NO_DELETION = sorted(NOT_THE_ANSWER.keys() - {"no content"})
"""2xx answers that are not 204, the one that the API gives to a deletion."""


@pytest.mark.parametrize("name", NO_DELETION)
def test_what_is_no_answer_to_a_deletion_is_no_deletion(pruner: Pruner, name: str) -> None:
    pruner.declare("recordings: [{name: all, keep: 90d}]\ncall_records: [{name: cdr, keep: 1d}]")
    pruner.seed([recording(1, 91)], [call(2, 2)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxy.rule("DELETE", "/(Recordings|Calls)/", NOT_THE_ANSWER[name])
        pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        assert pruner.prune().code == 5
    assert (pruner.left(), pruner.calls_left()) == ({1}, {2})
    statuses = {line["status"] for event in ("recording", "call-record") for line in pruner.lines(event)}
    assert statuses == {"failed"}
    pruner.stack.environ["VOICEFORM_BASE_URL"] = pruner.stack.emulator.url
    pruner.pruned()
    assert (pruner.left(), pruner.calls_left()) == (set(), set())


EMPTY = answer(200, {"recordings": [], "next_page_uri": None, "page": 0, "page_size": 1000})


@pytest.mark.parametrize("count", [3, 600])
def test_verify_asks_for_what_a_list_does_not_show(pruner: Pruner, count: int) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(n, 91) for n in range(count)])
    pruner.pruned()
    pruner.stack.emulator.reset()
    pruner.seed([recording(1, 91)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxy.rule("GET", r"/Recordings\.json", EMPTY)
        pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        result = pruner.stack.run("prune", "verify", "evidence")
    assert result.code == 1, result.out
    assert re_sid(1) in result.out


@pytest.mark.parametrize("name", FOREIGN_404)
def test_verify_is_not_content_with_a_proxys_word(pruner: Pruner, name: str) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    pruner.pruned()
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxy.rule("GET", "/Recordings/", FOREIGN_404[name])
        pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        result = pruner.stack.run("prune", "verify", "evidence", "--format", "json")
    assert result.code == 1
    assert "gone from the account" not in result.out
    assert "error" in json.loads(result.out)


def test_a_call_record_stays_with_a_recording_that_no_list_showed_and_no_hold_is_named(
    pruner: Pruner,
) -> None:
    pruner.declare("recordings: [{name: all, keep: 90d}]\ncall_records: [{name: cdr, keep: 1d}]")
    pruner.seed([recording(1, 5)], [call(1, 5)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxy.rule("GET", r"/Recordings\.json", EMPTY)
        proxy.edit("GET", r"/Calls/\w+/Recordings\.json", lambda _: None)
        pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        result = pruner.prune()
    assert result.code == 6, result.out + result.err
    assert (pruner.left(), pruner.calls_left()) == ({1}, {1})
    (line,) = pruner.lines("call-record")
    assert line["status"] == "kept-as-changed"
    assert "is still there" in line["reason"]
    assert "kept by a hold" not in result.out
