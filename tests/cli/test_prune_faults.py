"""Throttling, broken answers and lost connections: what is left is exactly what should be."""

from __future__ import annotations

from typing import Any

import pytest

from tests.cli.pruning import Pruner, recording
from tests.support import Stack
from voiceform.emulator import Emulator

RULES = "recordings: [{name: all, keep: 90d}]"
DUE, YOUNG = 120, 30


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    pruner = Pruner(stack)
    pruner.declare(RULES)
    pruner.seed([recording(n, 91 + n / 100) for n in range(DUE)])
    pruner.seed([recording(1000 + n, 89 - n / 100) for n in range(YOUNG)])
    return pruner


REMAINS = {1000 + n for n in range(YOUNG)}

FAULTS: dict[str, list[dict[str, Any]]] = {
    "a storm of 429": [
        {"operation": "deleteRecording", "times": 80, "kind": "status", "status": 429, "code": 20429}
    ],
    "429 with a pause": [
        {"operation": "deleteRecording", "times": 9, "kind": "status", "status": 429, "retry_after": 2}
    ],
    "the service fails": [{"operation": "deleteRecording", "times": 12, "kind": "status", "status": 503}],
    "connections end before the effect": [
        {"operation": "deleteRecording", "times": 10, "kind": "drop-before"}
    ],
    "connections end after the effect": [{"operation": "deleteRecording", "times": 10, "kind": "drop-after"}],
    "lists are throttled": [{"operation": "listRecordings", "times": 4, "kind": "status", "status": 429}],
    "lists are cut": [{"operation": "listRecordings", "times": 2, "kind": "truncate"}],
    "lists are garbage": [{"operation": "listRecordings", "times": 2, "kind": "garbage"}],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_passes_is_waited_for(pruner: Pruner, fault: str) -> None:
    pruner.stack.emulator.faults(FAULTS[fault])
    pruner.pruned("--parallelism", "16")
    assert pruner.left() == REMAINS
    assert set(pruner.statuses()) == set(range(DUE))
    assert set(pruner.statuses().values()) <= {"deleted", "already-gone"}


def test_what_does_not_pass_is_told_and_the_next_run_goes_on(pruner: Pruner) -> None:
    pruner.stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 99999, "kind": "status", "status": 500}]
    )
    result = pruner.prune()
    assert result.code == 5
    assert "failed" in result.out
    assert len(pruner.left()) == DUE + YOUNG
    deletions = len(pruner.stack.emulator.requests("deleteRecording"))
    assert deletions <= 5 * DUE
    pruner.stack.emulator.faults([])
    pruner.pruned()
    assert pruner.left() == REMAINS


def test_an_outage_is_recognised(pruner: Pruner) -> None:
    pruner.seed([recording(5000 + n, 200) for n in range(400)])
    pruner.stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 99999, "kind": "status", "status": 400, "code": 20001}]
    )
    result = pruner.prune("--parallelism", "4")
    assert result.code == 5
    assert "not begun" in result.out
    assert len(pruner.stack.emulator.requests("deleteRecording")) < 100


def test_wrong_credentials_are_not_tried_a_hundred_times(pruner: Pruner) -> None:
    pruner.stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 99999, "kind": "status", "status": 401, "code": 20003}]
    )
    assert pruner.prune("--parallelism", "2").code == 5
    assert len(pruner.stack.emulator.requests("deleteRecording")) < 10
    assert len(pruner.left()) == DUE + YOUNG


def test_nothing_is_deleted_before_the_list_is_complete(pruner: Pruner) -> None:
    pruner.seed([recording(10000 + n, 91 + n / 1000) for n in range(3500)])
    pruner.pruned()
    operations = [entry["operation"] for entry in pruner.stack.emulator.requests()]
    first = operations.index("deleteRecording")
    planning_pages = (DUE + YOUNG + 3500) // 1000 + 1
    assert operations[:first].count("listRecordings") >= planning_pages
    assert pruner.left() == REMAINS


def test_an_unreadable_date_keeps_the_recording(stack: Stack) -> None:
    """The service ignores filters it does not know; every row is checked by our own code."""
    pruner = Pruner(stack)
    pruner.declare(RULES)
    pruner.seed([recording(1, 91), recording(2, 10), recording(3, 91, status="paused")])
    pruner.pruned()
    assert pruner.left() == {2, 3}


def test_a_small_account_limit_is_respected(stack: Stack) -> None:
    with Emulator(max_concurrent=4, latency_ms=5) as crowded:
        stack.emulator = crowded
        stack.account.__init__(crowded)  # type: ignore[misc] # the same view of another server
        stack.environ["VOICEFORM_BASE_URL"] = crowded.url
        pruner = Pruner(stack)
        pruner.declare(RULES)
        pruner.seed([recording(n, 91 + n / 100) for n in range(300)])
        pruner.pruned("--parallelism", "32")
        assert pruner.left() == set()
        stats = crowded.stats()
        assert stats["throttled"] < stats["by_operation"]["deleteRecording"]
