"""`voiceform runs`: who did what, when, and how it ended."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from tests.support import Stack
from tests.terminal.terminal import Terminal
from voiceform.model.plan import Mode
from voiceform.state.journal_codec import RunRecord, run_key, run_to_document
from voiceform.state.meta import read_meta
from voiceform.state.open import open_store

CALLS = "calls:\n  c: {to: '+12125550101', from: '+12125550190', schedule: {cron: '0 9 * * *', timezone: UTC}"


@pytest.fixture
def history(stack: Stack) -> list[str]:
    """Three runs, the newest first: one that changed a queue, one that failed, one that made two queues."""
    stack.queues(support=10, sales=20)
    stack.apply()
    stack.queues(support=10, sales=30)
    stack.emulator.faults([{"operation": "updateQueue", "kind": "status", "status": 400, "code": 20001}])
    assert stack.run("apply", "--auto-approve").code == 5
    stack.emulator.faults([])
    stack.apply()
    return [run["run_id"] for run in stack.ok("runs", "--format", "json").json["runs"]]


def test_the_newest_run_comes_first(stack: Stack, history: list[str]) -> None:
    title, *lines = stack.ok("runs").out.splitlines()
    assert title.split() == ["RUN", "BEGAN", "(UTC)", "WHO", "ENDED"]
    assert [line.split()[0] for line in lines] == history
    assert [" ".join(line.split()[-2:]) for line in lines] == ["1 applied", "1 failed", "2 applied"]


def test_what_a_run_did(stack: Stack, history: list[str]) -> None:
    last, failed, first = (stack.ok("runs", run).out for run in history)
    sid = stack.account.queues()["sales"]["sid"]
    assert last.startswith(f"Run {history[0]} by ")
    assert "max_size: 20 -> 30" in last
    assert f"queue.sales: updated ({sid})" in last
    assert last.endswith("\n1 applied.\n")
    assert "queue.sales: update failed" in failed
    assert "20001" in failed
    assert "+ create queue.support" in first


def test_what_a_run_did_as_json(stack: Stack, history: list[str]) -> None:
    found = stack.ok("runs", history[0], "--format", "json").json
    (change,) = found["changes"]
    assert (found["run_id"], found["outcomes"]) == (history[0], {"applied": 1})
    assert (change["address"], change["action"]) == ("queue.sales", "update")
    assert change["fields"] == [{"path": "max_size", "before": 20, "after": 30}]
    assert change["outcome"]["status"] == "applied"


@pytest.mark.parametrize("command", ["runs", "undo"])
def test_a_run_by_the_beginning_of_its_id(stack: Stack, history: list[str], command: str) -> None:
    whole = stack.ok(command, history[0]).out
    shortest = next(
        history[0][:length]
        for length in range(1, 16)
        if history[0][:length] not in {other[:length] for other in history[1:]}
    )
    assert stack.ok(command, shortest).out == whole


@pytest.mark.parametrize("command", ["runs", "undo"])
def test_a_beginning_of_several(stack: Stack, history: list[str], command: str) -> None:
    with open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store:
        for name in ("ffff1", "ffff2", "ffff"):
            at = datetime(2026, 1, 1, tzinfo=UTC)
            store.put(run_key(name), run_to_document(RunRecord(name, Mode.NORMAL, "x", at, at, 0, at)), None)
    refused = stack.run(command, "fff")
    assert refused.code == 64
    assert "3 runs begin with 'fff'" in refused.err
    assert "ffff1" in refused.err
    assert stack.ok(command, "ffff").code == 0  # one is called so


@pytest.mark.parametrize("text", ["", " ", "zzzz", "../meta", "journal/x", "a\x00b", "%", "."])
@pytest.mark.parametrize("command", ["runs", "undo"])
def test_a_run_that_is_not_there(stack: Stack, history: list[str], command: str, text: str) -> None:
    refused = stack.run(command, text)
    assert refused.code == 64
    assert "there is no run" in refused.err
    assert "voiceform runs" in refused.err


def test_numbers_are_masked(stack: Stack) -> None:
    stack.write(f"{CALLS}, answer: {{say: hello}}}}\n")
    stack.apply()
    (run,) = stack.ok("runs", "--format", "json").json["runs"]
    for form in ("text", "json"):
        assert "+12125550101" not in stack.ok("runs", run["run_id"], "--format", form).out
        shown = stack.ok("runs", run["run_id"], "--format", form, "--show-numbers").out
        assert "+12125550101" in shown


def test_many_changes_are_not_printed_unasked(stack: Stack) -> None:
    stack.queues(**{f"q{number:03}": 10 for number in range(120)})
    stack.apply()
    (run,) = stack.ok("runs", "--format", "json").json["runs"]
    short, whole = (stack.ok("runs", run["run_id"], *more).out for more in ((), ("--all",)))
    assert short.count("+ create") == 50
    assert "70 more changes: --all shows them" in short
    assert whole.count("+ create") == 120
    assert len(stack.ok("runs", run["run_id"], "--format", "json").json["changes"]) == 120


def test_many_runs_are_not_printed_unasked(stack: Stack, history: list[str]) -> None:
    with open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store:
        for number in range(60):
            at = datetime(2020, 1, 1, 0, number, tzinfo=UTC)
            record = RunRecord(f"old{number}", Mode.DESTROY, "x", at, at, 3)
            store.put(run_key(record.run_id), run_to_document(record), None)
    short = stack.ok("runs")
    assert len(short.out.splitlines()) == 51
    assert "13 earlier runs are not shown; --all shows them" in short.err
    whole = stack.ok("runs", "--all").out.splitlines()
    assert len(whole) == 64
    assert whole[-1].startswith("old0")
    assert whole[-1].endswith("destroy: has not begun: nothing was sent (3 changes)")


def test_a_run_that_was_killed_has_no_outcome(stack: Stack, history: list[str]) -> None:
    with open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store:
        entries = [*store.list(f"journal/{history[0]}/outcomes/"), *store.list(run_key(history[0]))]
        for entry in entries[:-1]:
            store.delete(entry.key, entry.version)
        run = entries[-1]
        store.put(run.key, {**run.document, "finished_at": None, "outcomes": {}}, run.version)
        meta = read_meta(store)
        assert meta is not None
        store.write([replace(meta, unfinished=(history[0],)).bumped()])
    out = stack.ok("runs", history[0]).out
    assert "has not ended" in out
    assert "nobody knows yet how it ended" in out
    assert stack.ok("runs", history[0], "--format", "json").json["changes"][0]["outcome"] is None


def test_a_run_that_was_killed_before_its_first_request_did_nothing(stack: Stack, history: list[str]) -> None:
    """Its plan was consumed, and `meta` does not name it: nobody will settle it."""
    at = datetime.now(UTC) + timedelta(minutes=1)  # behind the others
    with open_store("sqlite:///.voiceform/state.db", base_dir=stack.folder) as store:
        intent = next(store.list(f"journal/{history[0]}/intents/")).document
        store.put(run_key("new"), run_to_document(RunRecord("new", Mode.NORMAL, "ada", at, at, 1)), None)
        store.put("journal/new/intents/000001", {**intent, "run": "new"}, None)
    assert "has not begun: nothing was sent (1 change)" in stack.ok("runs").out
    assert "has not begun: nothing was sent (1 change) (new)" in " ".join(stack.ok("status").out.split())
    shown = stack.ok("runs", "new").out
    assert "nobody knows yet" not in shown
    assert "  nothing was sent\n" in shown
    found = stack.ok("runs", "--format", "json").json["runs"]
    assert [run["begun"] for run in found] == [False, True, True, True]
    refused = stack.run("undo", "new")
    assert refused.code == 1
    assert "run new has not begun" in refused.err


def test_nothing_was_ever_run(stack: Stack) -> None:
    listed = stack.ok("runs")
    assert listed.out == "No run is recorded.\n"
    assert "There is no state" in listed.err
    assert not (stack.folder / ".voiceform").exists()


def test_it_needs_no_credentials(stack: Stack, history: list[str]) -> None:
    for argv in (("runs",), ("runs", history[0])):
        assert stack.run(*argv, environ={}).code == 0


@pytest.mark.parametrize("columns", [60, 100])
def test_it_fits_the_terminal(stack: Stack, history: list[str], columns: int) -> None:
    for argv in (("runs",), ("runs", history[0]), ("runs", history[1])):
        terminal = Terminal(stack.folder, stack.environ, *argv, columns=columns)
        assert terminal.end() == 0
        assert all(len(line) <= columns for line in terminal.lines)
