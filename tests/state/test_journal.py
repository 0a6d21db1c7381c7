from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from tests.kinds.call.one_by_one import OneByOne
from tests.state.support import LINEAGE, NOW, CrashError, TornStore, applied, create, plan_of, queue, recorded
from voiceform.model.errors import StalePlanError, StateConflictError, StateError
from voiceform.model.plan import Action, Change
from voiceform.model.run import Outcome, Status
from voiceform.state.journal import (
    Run,
    any_unfinished,
    begin_run,
    forget_withdrawn,
    list_runs,
    read_run,
    resume_run,
    unfinished_runs,
)
from voiceform.state.meta import bump_serial, read_meta, state_version
from voiceform.state.resources import read_resources, resource_write
from voiceform.state.sqlite import SqliteStore

NAMES = ("a", "b", "c")
PLAN = plan_of([create(name) for name in NAMES])


def begin(store: SqliteStore, plan_id: str = "plan-1") -> Run:
    plan = replace(PLAN, plan_id=plan_id)
    return begin_run(store, plan, who="ada", now=NOW, make_lineage=lambda: LINEAGE)


def test_a_run_from_intent_to_finish(store: SqliteStore) -> None:
    run = begin(store)
    (open_run,) = unfinished_runs(store)
    assert open_run.intents == open_run.unsettled == PLAN.pending
    assert open_run.record.finished_at is None
    unknown = Outcome(queue("c"), Action.CREATE, Status.UNKNOWN, message="no answer", hint="look")
    run.record([applied("a"), applied("b")], [resource_write(recorded("a"), None)])
    (open_run,) = unfinished_runs(store)
    assert [change.address for change in open_run.unsettled] == [queue("c")]
    run.record([unknown])
    finished = run.finish(NOW + timedelta(minutes=1))
    assert unfinished_runs(store) == ()
    assert list_runs(store) == (finished,)
    assert finished.outcomes == {Status.APPLIED: 2, Status.UNKNOWN: 1}
    assert (finished.who, finished.began_at, finished.changes) == ("ada", NOW, 3)
    detail = read_run(store, "plan-1")
    assert detail is not None
    assert detail.outcomes == (applied("a"), applied("b"), unknown)
    assert detail.unsettled == ()
    assert list(read_resources(store)) == [queue("a")]


def test_only_what_does_something_is_an_intent(store: SqliteStore) -> None:
    idle = Change(queue("idle"), Action.NO_OP, "as declared")
    begin_run(store, plan_of([idle, create("a")]), who="ada", now=NOW)
    assert unfinished_runs(store)[0].intents == (create("a"),)


def test_a_plan_is_consumed_by_its_first_run(store: SqliteStore) -> None:
    run = begin(store)
    for finished in (False, True):
        if finished:
            run.finish(NOW + timedelta(minutes=1))
        with pytest.raises(
            StalePlanError, match="plan-1 was applied at 2026-03-01T12:00:00Z by ada"
        ) as caught:
            begin_run(store, PLAN, who="bob", now=NOW + timedelta(hours=1))
        assert caught.value.exit_code == 6
    assert begin(store, "plan-2").run_id == "plan-2"


def test_of_many_that_begin_one_plan_one_does(path: Path) -> None:
    def attempt(number: int) -> str:
        with SqliteStore(path) as store:
            while True:
                try:
                    begin_run(store, PLAN, who=f"runner {number}", now=NOW)
                except StalePlanError as error:
                    return str(error)
                except StateConflictError:
                    continue
                return "began"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(attempt, range(8)))
    assert results.count("began") == 1
    with SqliteStore(path) as store:
        (record,) = list_runs(store)
    assert results.count("began") + sum(f"by {record.who}" in result for result in results) == 8


def test_the_serial_grows_when_a_run_begins_and_when_it_ends(store: SqliteStore) -> None:
    serials = []
    for number in range(2):
        run = begin(store, f"plan-{number}")
        serials.append(read_meta(store))
        run.finish(NOW)
        serials.append(read_meta(store))
    assert [meta and (meta.lineage, meta.serial, meta.unfinished) for meta in serials] == [
        (LINEAGE, 1, ("plan-0",)),
        (LINEAGE, 2, ()),
        (LINEAGE, 3, ("plan-1",)),
        (LINEAGE, 4, ()),
    ]


@pytest.mark.parametrize("lives", range(4))
def test_a_crash_while_beginning_has_sent_nothing(path: Path, lives: int) -> None:
    with TornStore(path, lives) as torn:
        if lives < 3:
            with pytest.raises(CrashError):
                begin(torn)
        else:
            begin(torn)
    with SqliteStore(path) as store:
        # The caller was never told that the run began; what is left may refuse the plan, but never lose it.
        for run in unfinished_runs(store):
            assert run.unsettled == PLAN.pending
        assert len(unfinished_runs(store)) == (1 if lives == 3 else 0)
        assert [run.begun for run in list_runs(store)] == [lives == 3] * (lives > 0)
        if lives == 0:
            begin(store)
        else:
            with pytest.raises(StalePlanError):
                begin(store)
        begin(store, "plan-2")


@pytest.mark.parametrize("lives", range(6))
def test_a_crash_while_recording_never_loses_a_resource(path: Path, lives: int) -> None:
    """Whatever has an outcome has its document; what has only its document is settled once more."""
    with SqliteStore(path) as store:
        begin(store)
    with TornStore(path, 0) as torn:
        run = resume_run(torn, "plan-1")
        torn.lives = lives
        for names in (["a", "b"], ["c"]):
            try:
                run.record(
                    [applied(name) for name in names],
                    [resource_write(recorded(name), None) for name in names],
                )
            except CrashError:
                break
    with SqliteStore(path) as store:
        (left,) = unfinished_runs(store)
        settled = {outcome.address for outcome in left.outcomes}
        assert settled <= set(read_resources(store))
        assert settled | {change.address for change in left.unsettled} == {queue(name) for name in NAMES}
        resumed = resume_run(store, "plan-1")
        resumed.record([applied(change.address.name) for change in left.unsettled])
        finished = resumed.finish(NOW)
        assert finished.outcomes == {Status.APPLIED: 3}
        assert unfinished_runs(store) == ()


@pytest.mark.parametrize("lives", range(3))
def test_a_crash_while_finishing_is_finished_by_the_next(path: Path, lives: int) -> None:
    with SqliteStore(path) as store:
        run = begin(store)
        run.record([applied(name) for name in NAMES])
    with TornStore(path, lives) as torn:
        run = resume_run(torn, "plan-1")
        if lives < 2:
            with pytest.raises(CrashError):
                run.finish(NOW)
        else:
            run.finish(NOW)
    with SqliteStore(path) as store:
        for left in unfinished_runs(store):
            assert left.unsettled == ()
            resume_run(store, left.record.run_id).finish(NOW + timedelta(hours=1))
        (record,) = list_runs(store)
        assert record.finished_at == NOW + timedelta(hours=1 if lives == 0 else 0)
        assert unfinished_runs(store) == ()
        meta = read_meta(store)
        assert meta is not None
        assert meta.serial == 2


def test_recording_from_many_threads(store: SqliteStore) -> None:
    names = [f"q{number}" for number in range(200)]
    run = begin_run(store, plan_of([create(name) for name in names]), who="ada", now=NOW)
    with ThreadPoolExecutor(16) as pool:
        list(
            pool.map(lambda name: run.record([applied(name)], [resource_write(recorded(name), None)]), names)
        )
    assert run.finish(NOW).outcomes == {Status.APPLIED: 200}
    assert len(read_resources(store)) == 200


def test_a_change_with_a_million_recordings_is_stored_in_pieces(store: SqliteStore) -> None:
    sids = [f"RE{number:032x}" for number in range(1_000_000)]
    changes = [create("before"), create("huge", recordings=sids), create("after")]
    begin_run(store, plan_of(changes), who="ada", now=NOW)
    sizes = [len(json.dumps(entry.document)) for entry in store.list("journal/")]
    assert max(sizes) < 1_048_576
    assert sum(sizes) > 36_000_000
    (run,) = unfinished_runs(store)
    assert run.intents == tuple(changes)
    assert [entry.key for entry in store.list("runs/")] == ["runs/plan-1"]


def test_many_changes_share_documents(store: SqliteStore) -> None:
    changes = [create(f"q{number}", note="x" * 500) for number in range(3_000)]
    begin_run(store, plan_of(changes), who="ada", now=NOW)
    documents = list(store.list("journal/plan-1/intents/"))
    assert 2 < len(documents) < 20
    assert max(len(json.dumps(entry.document)) for entry in documents) < 1_048_576
    assert unfinished_runs(store)[0].intents == tuple(changes)


def test_a_lost_piece_of_a_change_is_noticed(store: SqliteStore) -> None:
    begin_run(store, plan_of([create("huge", text="x" * 1_200_000)]), who="ada", now=NOW)
    entry = list(store.list("journal/plan-1/chunks/"))[-1]
    store.delete(entry.key, entry.version)
    with pytest.raises(StateError, match=r"chunks/queue\.huge.*2 of 3 chunks"):
        unfinished_runs(store)


@pytest.mark.parametrize(
    ("key", "document"),
    [
        ("runs/plan-1", {"run": "plan-1"}),
        ("journal/plan-1/intents/000001", {"run": "plan-1", "changes": [{"address": "queue.a"}]}),
        ("journal/plan-1/outcomes/000001", {"run": "plan-1", "outcomes": [{"address": "queue.a"}]}),
    ],
)
def test_a_damaged_journal_is_named(store: SqliteStore, key: str, document: dict[str, object]) -> None:
    begin(store).record([applied("a")])
    entry = store.get(key)
    assert entry is not None
    store.put(key, document, entry.version)
    with pytest.raises(StateError, match=key):
        read_run(store, "plan-1")


def test_a_run_that_does_not_exist(store: SqliteStore) -> None:
    assert read_run(store, "none") is None
    assert unfinished_runs(store) == ()
    assert list_runs(store) == ()
    with pytest.raises(StateError, match="no run none"):
        resume_run(store, "none")


def test_an_id_cannot_reach_another_document(store: SqliteStore) -> None:
    with pytest.raises(StateError, match="slash"):
        begin(store, "../resources/queue.a")
    assert list(store.list("")) == []


def test_a_plan_made_while_a_run_was_withdrawn_never_looks_fresh(store: SqliteStore) -> None:
    bump_serial(store)
    before = state_version(store)
    run = begin_run(store, plan_of([create("a")]), who="ada", now=NOW)
    meanwhile = state_version(store)
    run.withdraw()
    assert state_version(store) == before  # the plan that was begun is as fresh as it was
    again = begin_run(store, plan_of([create("a")]), who="ada", now=NOW)
    second = state_version(store)
    again.withdraw()
    assert state_version(store) == before
    bump_serial(store)  # as `state rm` does
    assert state_version(store).serial > second.serial > meanwhile.serial
    run = begin_run(store, plan_of([create("a")]), who="ada", now=NOW)
    run.finish(NOW)
    seen = read_meta(store)
    assert seen is not None
    assert "given" not in seen.document()


@pytest.mark.parametrize("lives", range(4))
def test_a_crash_while_withdrawing_leaves_no_run_that_never_ends(path: Path, lives: int) -> None:
    """Written are: the intents are gone, the run is gone, and it is named no more."""
    with TornStore(path, 3) as torn:
        run = begin(torn)
        torn.lives = lives
        if lives < 3:
            with pytest.raises(CrashError):
                run.withdraw()
        else:
            run.withdraw()
    with SqliteStore(path) as store:
        before = read_meta(store)
        for left in unfinished_runs(store):
            resume_run(store, left.record.run_id).finish(NOW)
        forget_withdrawn(store)
        after = read_meta(store)
        assert (before is None) == (after is None) == (lives == 3)
        if before is not None and after is not None:
            assert before.unfinished == ("plan-1",)
            assert after.unfinished == ()
            assert after.serial == before.serial + 1, "no plan that was made meanwhile looks fresh"
        assert [record.finished_at for record in list_runs(store)] == [NOW] * (lives < 2)


def test_a_run_that_is_there_is_not_forgotten(store: SqliteStore) -> None:
    forget_withdrawn(store)
    assert read_meta(store) is None
    assert not any_unfinished(store)
    begin(store)
    forget_withdrawn(store)
    assert any_unfinished(store)
    assert [run.record.run_id for run in unfinished_runs(store)] == ["plan-1"]
    meta = read_meta(store)
    assert meta is not None
    assert meta.serial == 1


def test_who_lost_the_race_for_meta_is_not_told_that_he_applied_the_plan(store: SqliteStore) -> None:
    bump_serial(store, make_lineage=lambda: LINEAGE)

    def somebody_changes() -> None:
        bump_serial(store)

    with pytest.raises(StateConflictError, match="'meta' in"):
        begin_run(OneByOne(store, None, somebody_changes), PLAN, who="ada", now=NOW)
    assert unfinished_runs(store) == ()
    with pytest.raises(StalePlanError, match="by ada"):
        begin(store)
