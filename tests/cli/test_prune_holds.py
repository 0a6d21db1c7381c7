"""A hold always wins, and is not released by accident."""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.cli.pruning import ALICE, BOB, NOW, Pruner, ca_sid, call, days_ago, plain, recording
from tests.support import Stack
from voiceform.state.open import DEFAULT_URL, open_store

RULES = "recordings: [{name: all, keep: 90d}]"


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


def hold(*calls: int, name: str = "case") -> str:
    sids = ", ".join(f'"{ca_sid(number)}"' for number in calls)
    return f"\nholds:\n  {name}: {{reason: litigation, match: {{call_sid: [{sids}]}}}}"


def land_hold(pruner: Pruner, *calls: int, **match: Any) -> None:
    """Put a hold straight into the state, past every lock, as nothing but a restore would."""
    criteria = match or {"call_sid": [ca_sid(number) for number in calls]}
    document = {
        "address": "retention.holds.late",
        "sid": None,
        "attributes": {"reason": "landed late", "match": criteria},
    }
    with open_store(DEFAULT_URL, base_dir=pruner.stack.folder) as store:
        store.put("resources/retention.holds.late", document, None)


def test_a_hold_is_recorded_at_once_and_keeps(pruner: Pruner) -> None:
    pruner.declare(RULES + hold(1, 2))
    pruner.seed([recording(n, 91) for n in range(5)])
    result = pruner.pruned()
    assert pruner.left() == {1, 2}
    assert "keeps 2 recordings whose time is over" in result.out
    assert "retention.holds.case" in pruner.stack.ok("state", "list").out


def test_a_new_hold_is_registered_before_anything_is_deleted(pruner: Pruner) -> None:
    pruner.declare(RULES + hold(1))
    pruner.seed([recording(n, 91) for n in range(3)])
    (change,) = [item for item in pruner.plan()["changes"] if item.get("counts")]
    assert change["depends_on"] == ["retention.holds.case"]


def test_a_hold_that_lands_after_the_plan_makes_the_plan_stale(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(n, 91) for n in range(3)])
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    pruner.declare(RULES + hold(1))
    held = pruner.stack.run("apply", "--auto-approve", "--target", "retention.holds.*", clock=pruner.clock)
    assert held.code == 0
    assert pruner.left() == {0, 1, 2}
    assert pruner.stack.run("apply", "p.json", clock=pruner.clock).code == 6
    assert pruner.left() == {0, 1, 2}


def test_a_hold_that_no_serial_tells_of_wins_over_a_saved_plan(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(n, 91) for n in range(5)])
    pruner.pruned()
    pruner.seed([recording(n, 91) for n in range(10, 15)])
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    land_hold(pruner, 11, 13)
    result = pruner.stack.run("apply", "p.json", "--evidence", "evidence", clock=pruner.clock)
    assert result.code == 5
    assert "2 kept by a hold that the plan did not see" in plain(result.out)
    assert pruner.left() == {11, 13}
    assert pruner.statuses()[11] == "kept-by-hold"


def test_a_late_hold_by_number_looks_the_calls_up(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(0, 91)])
    pruner.pruned()
    pruner.seed(
        [recording(n, 91) for n in range(10, 13)],
        [call(10, 91, caller=ALICE), call(11, 91, caller=BOB)],
    )
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    land_hold(pruner, **{"from": [ALICE]})
    assert pruner.stack.run("apply", "p.json", clock=pruner.clock).code == 5
    assert pruner.left() == {10, 12}, "the call of 12 cannot be read, so it might be Alice's"


def test_a_late_hold_keeps_call_records_too(pruner: Pruner) -> None:
    pruner.declare("call_records: [{name: cdr, keep: 90d}]")
    pruner.seed(calls=[call(0, 91)])
    pruner.pruned()
    pruner.seed(calls=[call(n, 91, caller=ALICE if n == 2 else BOB) for n in range(1, 4)])
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    land_hold(pruner, **{"from": [ALICE]})
    assert pruner.stack.run("apply", "p.json", clock=pruner.clock).code == 5
    assert pruner.calls_left() == {2}


def test_a_hold_that_lands_while_the_run_deletes_saves_the_rest(pruner: Pruner) -> None:
    count = 400
    pruner.declare(RULES)
    pruner.seed([recording(1000, 91)])
    pruner.pruned()
    pruner.seed([recording(n, 91 + n / 1000) for n in range(count)])
    pruner.stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 9999, "kind": "latency", "delay_ms": 15}]
    )

    def deletions() -> int:
        return len(pruner.stack.emulator.requests("deleteRecording"))

    before = deletions()

    def interfere() -> None:
        while deletions() - before < 60:
            time.sleep(0.002)
        land_hold(pruner, *range(count))

    thread = threading.Thread(target=interfere)
    thread.start()
    result = pruner.prune()
    thread.join()
    assert result.code == 5
    assert len(pruner.left()) >= count // 2, "at most 50 more, and those in flight, go after the hold landed"
    pruner.verify()


def test_releasing_a_hold_needs_its_own_approval(pruner: Pruner) -> None:
    pruner.declare(RULES + hold(1, 2) + hold(2, name="other").replace("\nholds:", ""))
    pruner.seed([recording(n, 91) for n in range(4)])
    pruner.pruned()
    pruner.declare(RULES + hold(2, name="other"))
    refused = pruner.prune()
    assert refused.code == 4
    assert "release-hold=case" in refused.out
    assert "1 recording that only it keeps becomes eligible" in plain(refused.out)
    assert pruner.prune("--approve", "release-hold=other").code == 4
    pruner.pruned("--approve", "release-hold=case")
    assert pruner.left() == {1, 2}, "what it freed waits for the next plan"
    pruner.pruned()
    assert pruner.left() == {2}


def test_narrowing_a_hold_is_releasing_and_widening_is_not(pruner: Pruner) -> None:
    pruner.declare(RULES + hold(1, 2))
    pruner.seed([recording(n, 91) for n in range(4)])
    pruner.pruned()
    pruner.declare(RULES + hold(1, 2, 3))
    pruner.pruned()
    pruner.declare(RULES + hold(1))
    assert pruner.prune().code == 4
    assert pruner.left() == {1, 2}
    pruner.pruned("--approve", "release-hold=case")
    pruner.pruned()
    assert pruner.left() == {1}


def test_a_new_reason_is_not_a_release(pruner: Pruner) -> None:
    pruner.declare(RULES + hold(1))
    pruner.seed([recording(1, 91)])
    pruner.pruned()
    pruner.declare((RULES + hold(1)).replace("litigation", "litigation and appeal"))
    pruner.pruned()
    assert pruner.left() == {1}


def test_destroy_does_not_release_holds_by_itself(pruner: Pruner) -> None:
    pruner.declare(RULES + hold(1))
    pruner.seed([recording(1, 91)])
    pruner.pruned()
    assert pruner.stack.run("destroy", "--auto-approve", clock=pruner.clock).code == 4


def test_a_hold_that_cannot_be_read_stops_everything(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    pruner.pruned()
    pruner.seed([recording(2, 91)])
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    land_hold(pruner, source="Conference", min_duration="soon")
    assert pruner.stack.run("apply", "p.json", clock=pruner.clock).code == 1
    assert pruner.left() == {2}


SOURCES = ["Conference", "DialVerb", "RecordVerb"]
NUMBERS = [ALICE, BOB]
matches = st.fixed_dictionaries(
    {},
    optional={
        "source": st.lists(st.sampled_from(SOURCES), min_size=1, unique=True),
        "min_duration": st.sampled_from(["30s", "60s"]),
        "from": st.lists(st.sampled_from(NUMBERS), min_size=1, unique=True),
        "call_sid": st.lists(st.integers(0, 11).map(ca_sid), min_size=1, unique=True),
    },
)
account = st.lists(
    st.tuples(
        st.sampled_from([0.5, 29.99, 30.01, 90, 100]),
        st.sampled_from(SOURCES),
        st.sampled_from([10, 30, 60]),
        st.sampled_from(["completed", "absent", "in-progress", "processing"]),
        st.sampled_from([*NUMBERS, None]),
    ),
    min_size=1,
    max_size=12,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=account,
    rules=st.lists(st.tuples(matches, st.sampled_from(["30d", "95d", "forever"])), min_size=1, max_size=3),
    declared=st.lists(matches, max_size=1),
    late=st.lists(matches, max_size=1),
)
def test_nothing_held_or_young_is_ever_deleted(
    tmp_path_factory: pytest.TempPathFactory,
    stack: Stack,
    rows: list[tuple[float, str, int, str, str | None]],
    rules: list[tuple[dict[str, Any], str]],
    declared: list[dict[str, Any]],
    late: list[dict[str, Any]],
) -> None:
    """Counted at the account, over random rules, holds, recordings, and a hold that lands after the plan."""
    stack.emulator.reset()
    stack.folder = tmp_path_factory.mktemp("stack")
    pruner = Pruner(stack)
    pruner.seed(
        [
            recording(n, days, source=source, duration=duration, status=status)
            for n, (days, source, duration, status, _) in enumerate(rows)
        ],
        [call(n, row[0], caller=row[4]) for n, row in enumerate(rows) if row[4] is not None],
    )
    lines = [f"  - {{name: r{n}, keep: {keep}, match: {match}}}" for n, (match, keep) in enumerate(rules)]
    lines += ["holds:", *(f"  h{n}: {{reason: x, match: {match}}}" for n, match in enumerate(declared))]
    pruner.declare("recordings: []")
    pruner.pruned()
    pruner.declare("\n".join(["recordings:", *lines]))
    stack.run("plan", "--out", "p.json", clock=pruner.clock)
    for match in late:
        land_hold(pruner, **(match or {"source": SOURCES}))
    stack.run("apply", "p.json", "--evidence", "evidence", clock=pruner.clock)

    left = pruner.left()
    for number, (days, source, duration, status, caller) in enumerate(rows):
        facts = {"source": source, "duration": duration, "from": caller, "call_sid": ca_sid(number)}
        may_go = (
            status in ("completed", "absent")
            and not any(might_match(match, facts) for match in declared)
            and not any(might_match(match or {"source": SOURCES}, facts) for match in late)
            and old_enough(rules, facts, days)
        )
        assert number in left or may_go
        # Whether a conference overlaps a call that is named lies in the times of both.
        by_call = any("call_sid" in match for match in [*declared, *(match for match, _ in rules)])
        if not late and not (source == "Conference" and by_call):
            assert (number in left) != may_go
    if pruner.evidence.exists():
        pruner.verify()
    assert days_ago(0) == NOW.isoformat()


def might_match(match: dict[str, Any], facts: dict[str, Any]) -> bool:
    if "source" in match and facts["source"] not in match["source"]:
        return False
    if "min_duration" in match and facts["duration"] < int(match["min_duration"][:-1]):
        return False
    if "call_sid" in match and facts["call_sid"] not in match["call_sid"]:
        return False
    return "from" not in match or not is_known(facts) or facts["from"] in match["from"]


def is_known(facts: dict[str, Any]) -> bool:
    """Whether the row's call says who is heard: a conference has any number of participants."""
    return facts["from"] is not None and facts["source"] != "Conference"


def old_enough(rules: list[tuple[dict[str, Any], str]], facts: dict[str, Any], days: float) -> bool:
    """The first rule that might match must match for certain, and be over."""
    for match, keep in rules:
        if might_match(match, facts):
            certain = "from" not in match or is_known(facts) or facts["from"] in match["from"]
            return certain and keep != "forever" and days >= int(keep[:-1])
    return False
