"""`voiceform state prune-journal`: of old runs one line stays."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support import Stack
from voiceform.model.clock import ManualClock
from voiceform.state.open import open_store

LATER = datetime.now(UTC) + timedelta(days=500)
STATE = "sqlite:///.voiceform/state.db"


def journals(stack: Stack) -> set[str]:
    """The runs of which a journal is there."""
    with open_store(STATE, base_dir=stack.folder) as store:
        return {entry.key.split("/")[1] for entry in store.list("journal/")}


def test_old_runs_are_folded_and_young_ones_are_not(stack: Stack) -> None:
    stack.queues(a=1)
    stack.ok("plan", "--out", "plan.json")
    stack.ok("apply", "plan.json")
    (old,) = stack.ok("runs", "--format", "json").json["runs"]
    stack.queues(a=2)
    stack.ok("apply", "--auto-approve", clock=ManualClock(LATER))
    young = stack.ok("runs", "--format", "json").json["runs"][0]["run_id"]
    done = stack.ok("state", "prune-journal", "--keep", "400d", clock=ManualClock(LATER))
    assert done.out == "1 run folded.\n"
    assert journals(stack) == {young}
    runs = stack.ok("runs", "--format", "json").json["runs"]
    assert runs[1] == {**old, "folded": True}
    assert "its journal was folded" in stack.ok("runs", old["run_id"]).out
    refused = stack.run("undo", old["run_id"])
    assert refused.code == 1
    assert "was folded: what it changed is not kept" in refused.err
    stack.ok("undo", young)
    assert stack.run("apply", "plan.json").code == 6  # its plan stays used
    again = stack.ok("state", "prune-journal", "--keep", "400d", clock=ManualClock(LATER))
    assert again.out == "No run is as old as that.\n"


def test_a_run_that_did_not_end_is_left_alone(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    (run,) = stack.ok("runs", "--format", "json").json["runs"]
    with open_store(STATE, base_dir=stack.folder) as store:
        meta, record = store.get("meta"), store.get(f"runs/{run['run_id']}")
        assert meta is not None
        assert record is not None
        store.put("meta", {**meta.document, "unfinished": [run["run_id"]]}, meta.version)
        store.put(record.key, {**record.document, "finished_at": None}, record.version)
    stack.ok("state", "prune-journal", "--keep", "1d", clock=ManualClock(LATER))
    assert journals(stack) == {run["run_id"]}


def test_what_a_crash_left_over_goes_the_next_time(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    (run,) = stack.ok("runs", "--format", "json").json["runs"]
    with open_store(STATE, base_dir=stack.folder) as store:
        record = store.get(f"runs/{run['run_id']}")
        assert record is not None
        store.put(record.key, {**record.document, "folded": True}, record.version)
    assert stack.run("undo", run["run_id"]).code == 1
    stack.ok("state", "prune-journal", "--keep", "1d", clock=ManualClock(LATER))
    assert journals(stack) == set()
    stack.ok("state", "pull")


def test_what_is_refused(stack: Stack) -> None:
    assert stack.run("state", "prune-journal", "--keep", "soon").code == 64
    assert stack.run("state", "prune-journal").code == 64
    assert stack.run("state", "prune-journal", "--keep", "1d").code == 1
    assert not (stack.folder / ".voiceform").exists()
