"""What calls tell about recordings: legs that a list leaves out, rows that cannot be read, other children."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.pruning import ALICE, BOB, CAROL, Pruner, ca_sid, call, plain, recording
from tests.hostile.proxy import Proxy, hostile_proxy
from tests.support import Stack

RULES = "recordings: [{name: all, keep: 90d}]"
RECORDS = "call_records: [{name: cdr, keep: 90d}]"
HOLD = f'\nholds: {{case: {{reason: litigation, match: {{number: ["{ALICE}"]}}}}}}'
SPANS = r"/Calls\.json\?(?!.*ParentCallSid)"
MANY = 60


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


@pytest.fixture
def proxy(pruner: Pruner) -> Iterator[Proxy]:
    with hostile_proxy(pruner.stack.emulator.url) as running:
        pruner.stack.environ["VOICEFORM_BASE_URL"] = running.url
        yield running


def legs_of(numbers: range, alices: int) -> list[dict[str, Any]]:
    """Calls between others; the one of number `alices` dialled Alice."""
    return [
        *(call(n, 91 + n / 1000, caller=BOB, to=CAROL) for n in numbers),
        *(
            call(1000 + n, 91 + n / 1000, to=ALICE if n == alices else CAROL, parent_call_sid=ca_sid(n))
            for n in numbers
        ),
    ]


def without(number: int) -> Any:
    """An edit of a list of calls that takes one call out of it."""

    def edit(document: Any) -> None:
        document["calls"] = [row for row in document["calls"] if row["sid"] != ca_sid(number)]

    return edit


def spoiling(number: int, fields: dict[str, Any]) -> Any:
    """An edit of a list of calls that gives the row of one call other values."""

    def edit(document: Any) -> None:
        for row in document.get("calls", ()):
            if row["sid"] == ca_sid(number):
                row.update(fields)

    return edit


@pytest.mark.parametrize("count", [3, MANY])
def test_a_leg_that_a_span_leaves_out_holds_its_recording(pruner: Pruner, proxy: Proxy, count: int) -> None:
    pruner.declare(RULES + HOLD)
    numbers = range(1, count + 1)
    pruner.seed([recording(n, 91 + n / 1000, source="DialVerb") for n in numbers], legs_of(numbers, 2))
    proxy.edit("GET", SPANS, without(1002))
    result = pruner.prune()
    assert pruner.left() == {2}
    assert result.code == (0 if count < MANY else 5)
    if count == MANY:
        assert "59 recordings deleted" in plain(result.out)
        assert pruner.statuses()[2] == "kept-by-hold"
    pruner.verify()


def test_a_leg_that_every_list_leaves_out_holds_the_call_record(pruner: Pruner, proxy: Proxy) -> None:
    pruner.declare(RECORDS + HOLD)
    numbers = range(1, 4)
    pruner.seed(calls=legs_of(numbers, 2))
    proxy.edit("GET", SPANS, without(1002))
    pruner.prune()
    assert pruner.calls_left() == {2, 1002}


MALFORMED: dict[str, dict[str, Any]] = {
    "no sid": {"sid": None},
    "a path": {"sid": "../../Recordings"},
    "a command": {"sid": "CA1\n::error::x"},
    "a duration in words": {"duration": "many"},
    "a duration in a list": {"duration": [1]},
    "a number that is no text": {"to": 15558675310},
    "a parent that is no sid": {"parent_call_sid": "Alice"},
    "a direction that is an object": {"direction": {}},
}


@pytest.mark.parametrize("name", MALFORMED)
@pytest.mark.parametrize("count", [3, MANY])
def test_a_leg_that_cannot_be_read_stops_no_plan_and_holds(
    pruner: Pruner, proxy: Proxy, count: int, name: str
) -> None:
    pruner.declare(RULES + HOLD)
    numbers = range(1, count + 1)
    pruner.seed([recording(n, 91 + n / 1000, source="DialVerb") for n in numbers], legs_of(numbers, 2))
    proxy.edit("GET", r"/Calls\.json", spoiling(1002, MALFORMED[name]))
    result = pruner.pruned()
    assert pruner.left() == {2}
    assert "::error" not in result.out + result.err


@pytest.mark.parametrize("name", MALFORMED)
def test_a_call_that_cannot_be_read_holds_its_recordings(pruner: Pruner, proxy: Proxy, name: str) -> None:
    pruner.declare(RULES + HOLD)
    pruner.seed([recording(n, 91) for n in (1, 2)], [call(n, 91, caller=BOB, to=CAROL) for n in (1, 2)])
    proxy.edit("GET", rf"/Calls/{ca_sid(2)}", lambda document: document.update(MALFORMED[name]))
    pruner.pruned()
    assert pruner.left() == {2}


@pytest.mark.parametrize("name", MALFORMED)
def test_call_records_with_one_that_cannot_be_read(pruner: Pruner, proxy: Proxy, name: str) -> None:
    pruner.declare(RECORDS + HOLD)
    pruner.seed(calls=legs_of(range(1, 4), 2))
    proxy.edit("GET", r"/Calls\.json", spoiling(1002, MALFORMED[name]))
    result = pruner.pruned()
    assert pruner.calls_left() == {2, 1002}
    assert "1 of the account's call records cannot be read" in plain(result.out)


@pytest.mark.parametrize("match", [f'{{number: ["{ALICE}"]}}', f'{{call_sid: ["{ca_sid(11)}"]}}'])
@pytest.mark.parametrize("count", [1, MANY])
def test_another_child_of_the_same_call_may_be_heard(pruner: Pruner, match: str, count: int) -> None:
    """Whether two children of one call were ever heard together, nobody can tell afterwards."""
    pruner.declare(f"{RULES}\nholds: {{case: {{reason: litigation, match: {match}}}}}")
    others = range(100, 100 + count)
    pruner.seed(
        [recording(n, 91) for n in (1, 11, 12, *others)],
        [
            call(1, 91, caller=BOB, to=CAROL),
            call(11, 91, caller=BOB, to=ALICE, parent_call_sid=ca_sid(1)),
            call(12, 91, caller=BOB, to=CAROL, parent_call_sid=ca_sid(1)),
            *(call(n, 91, caller=BOB, to=CAROL) for n in others),
        ],
    )
    pruner.pruned()
    assert pruner.left() == {1, 11, 12}


def test_a_rule_by_number_does_not_take_what_another_child_said(pruner: Pruner) -> None:
    pruner.declare(f'recordings: [{{name: hers, match: {{number: ["{ALICE}"]}}, keep: 90d}}]')
    pruner.seed(
        [recording(n, 91) for n in (11, 12)],
        [
            call(1, 91, caller=BOB, to=CAROL),
            call(11, 91, caller=BOB, to=ALICE, parent_call_sid=ca_sid(1)),
            call(12, 91, caller=BOB, to=CAROL, parent_call_sid=ca_sid(1)),
        ],
    )
    pruner.pruned()
    assert pruner.left() == {12}
