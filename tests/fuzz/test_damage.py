"""A file in which one bit is wrong, or that ends early, is refused, or means what it meant; nothing else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from functools import partial
from itertools import chain as chain_of
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.cli.pruning import Pruner, recording
from tests.cli.test_state_mutations import Nothing
from tests.cli.test_state_schema import state_of_every_kind
from tests.counting import Counts
from tests.declared import VOCABULARY
from tests.fleet.fleets import FleetFolder
from tests.fuzz.damage import Damage, cuts, flips, mutations
from tests.fuzz.effort import some
from tests.support import Stack
from voiceform.emulator import Emulator
from voiceform.engine import planfile
from voiceform.engine.packing import LONG, packed
from voiceform.engine.planfile import read_plan_file
from voiceform.fleet import folder
from voiceform.fleet.folder import read_folder
from voiceform.kinds.call import CallKind
from voiceform.kinds.conference import ConferenceKind
from voiceform.kinds.queue import QueueKind
from voiceform.kinds.retention import RetentionKind
from voiceform.kinds.retention.evidence import chain
from voiceform.kinds.retention.evidence.folder import Folder
from voiceform.kinds.retention.evidence.verify import check_place
from voiceform.kinds.userfiles import Places
from voiceform.model.errors import EvidenceError, StateError, VoiceformError
from voiceform.model.json_text import read_json
from voiceform.model.plan_codec import document_digest
from voiceform.model.resource import json_line
from voiceform.state import backend, transfer
from voiceform.state import sqlite as sqlite_store
from voiceform.state.sqlite import SqliteStore
from voiceform.state.transfer import push

PROOF = "damaged files"
SOME = some(100)
"""At so many places of each file."""


def checked(path: Path, read: Callable[[], Any], more: Iterable[Damage] = ()) -> int:
    """Damage a file in every way, and in `more`, and read what it is part of; how often that was refused."""
    whole, meant = path.read_bytes(), read()
    refused = 0
    for damage in chain_of(both(whole), more):
        if damage.content == whole:
            continue
        path.write_bytes(damage.content)
        try:
            found = read()
        except VoiceformError:
            refused += 1
        else:
            assert found == meant, damage.name
    path.write_bytes(whole)
    assert read() == meant
    assert refused > 100
    return refused


def both(whole: bytes) -> Iterator[Damage]:
    yield from flips(whole, SOME)
    yield from cuts(whole, SOME)


EVERY_KIND = """
safety: {max_delete_percent: 100}
queues: {support: {max_size: 5, protect: true}}
conferences: {standup: {participants: {bridge: {to: "+15558675310", from: "+15017122661"}}}}
calls:
  reminder:
    to: "+12125550101"
    from: "+15017122661"
    schedule: {cron: "0 9 * * *", timezone: America/New_York}
    answer: {say: Hello}
retention:
  recordings: [{name: all, keep: 90d}]
  holds: {case: {reason: litigation, match: {created: {start: 2026-01-01}}}}
"""
PLAN = "queues:\n" + "".join(f"  queue-{number}: {{max_size: {number + 1}}}\n" for number in range(3))


@pytest.mark.parametrize("long", [False, True])
def test_a_plan(long: bool, stack: Stack, counts: Counts) -> None:
    stack.write(PLAN)
    path = stack.folder / "plan.json"
    stack.ok("plan", "--out", str(path))
    if long:
        path.write_bytes(packed(path.read_bytes() + b" " * LONG))
        assert path.stat().st_size < LONG
    counts(PROOF, files=1, refused=checked(path, lambda: read_plan_file(path, VOCABULARY)))


def test_a_state_file(stack: Stack, counts: Counts) -> None:
    """No document is another one, and none is missing: that would be somebody who was never called."""
    state_of_every_kind(stack)
    path = stack.folder / ".voiceform" / "state.db"

    def read() -> dict[str, Any]:
        for beside in ("state.db-wal", "state.db-shm"):
            (path.parent / beside).unlink(missing_ok=True)
        with SqliteStore(path) as store:
            return {each.key: (each.version, each.document) for each in store.list("")}

    assert len(read()) > 10
    begin = path.read_bytes().index(b"CREATE")
    counts(
        PROOF,
        files=1,
        refused=checked(path, read, flips(path.read_bytes(), None, region=range(begin, begin + 150))),
    )


@pytest.mark.parametrize("column", ["version", "document"])
@pytest.mark.parametrize("value", ["CAST({} AS BLOB)", "7", "x'ff'"])
def test_a_state_file_in_which_no_text_stands(column: str, value: str, stack: Stack) -> None:
    stack.queues(a=5)
    stack.apply()
    path = stack.folder / ".voiceform" / "state.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        what = value.format(column)
        connection.execute(f"UPDATE documents SET {column} = {what} WHERE key = 'resources/queue.a'")
    done = stack.run("plan")
    assert (done.code, "unexpectedly" in done.err) == (1, False), done.err
    with SqliteStore(path) as store, pytest.raises(StateError):
        list(store.list(""))


def test_a_pulled_state(stack: Stack, counts: Counts) -> None:
    """As its digest has it, without the serial."""
    document = state_of_every_kind(stack)
    path = stack.folder / "pulled.json"
    path.write_bytes(json_line(document))
    kinds = (QueueKind(), ConferenceKind(), CallKind(places := Places(stack.folder)), RetentionKind(places))

    def read() -> Any:
        try:
            found = read_json(path.read_bytes())
        except ValueError as error:
            raise StateError(str(error)) from error
        push(Nothing(), found, kinds)
        return {key: value for key, value in found.items() if key != "serial"}

    counts(PROOF, files=1, refused=checked(path, read))


@pytest.mark.parametrize("run", [0, 1])
def test_evidence(run: int, stack: Stack, counts: Counts) -> None:
    """Of the last run and of one before it; the page beside is for people, and no evidence."""
    pruner = Pruner(stack)
    pruner.declare("recordings: [{name: old, keep: 90d}]")
    for number in (1, 2):
        pruner.seed([recording(number, 400), recording(number + 2, 300)])
        pruner.pruned()
    path = sorted(pruner.evidence.glob("*.jsonl"))[run]
    place = Folder(pruner.evidence)

    def read() -> Any:
        found = check_place(place)
        if found.problems:
            raise EvidenceError(found.problems[0])
        return found

    counts(PROOF, files=1, refused=checked(path, read))


def test_an_index_of_plans(fleet: FleetFolder, counts: Counts) -> None:
    fleet.of("acme", "beta")
    fleet.ok("plan", "--out", "plans")
    plans = fleet.folder / "plans"
    for name in ("index.json", read_folder(plans).stacks[0].file):
        counts(PROOF, files=1, refused=checked(plans / str(name), lambda: read_folder(plans)))


@pytest.fixture
def fleet(tmp_path: Path, emulator: Emulator, capsys: pytest.CaptureFixture[str]) -> FleetFolder:
    return FleetFolder(tmp_path, emulator, capsys)


def sealed(document: Any) -> Any:
    """With the digest that fits: anybody can compute it."""
    return {**document, "digest": document_digest(document)} if isinstance(document, dict) else document


def refused_when_sealed_anew(path: Path, read: Callable[[], Any], step: int) -> int:
    """Change one value after the other of a document, each `step`-th of these changes, seal it and read it;
    how often it was refused."""
    refused = 0
    document = read_json(path.read_bytes())
    wrong = ((f"{name} no day", {**document, name: "2026-13-45T99:00:00Z"}) for name in ("created_at",))
    for name, changed in chain_of(wrong, islice(mutations(document), 0, None, step)):
        path.write_text(json.dumps(sealed(changed)), encoding="utf-8")
        try:
            read()
        except VoiceformError:
            refused += 1
        except Exception as error:
            raise AssertionError(name) from error
    return refused


def test_a_plan_that_was_sealed_anew(stack: Stack) -> None:
    path = plan_of_every_kind(stack)
    assert (
        refused_when_sealed_anew(path, lambda: read_plan_file(path, VOCABULARY), 1 if SOME is None else 37)
        > 50
    )


def test_an_index_that_was_sealed_anew(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    fleet.ok("plan", "--out", "plans")
    path = fleet.folder / "plans" / "index.json"
    assert refused_when_sealed_anew(path, lambda: read_folder(path.parent), 1 if SOME is None else 7) > 30


def plan_of_every_kind(stack: Stack) -> Path:
    """The file of a plan with a change of each kind."""
    stack.write(EVERY_KIND)
    stack.emulator.seed({"recordings": [recording(1, 400)]})
    path = stack.folder / "plan.json"
    stack.ok("plan", "--out", str(path))
    return path


def any_digest(document: Mapping[str, Any]) -> str:
    """The digest that a document says it has."""
    return str(document.get("digest", f"sha256:{'0' * 64}"))


def never_sealed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(backend, "_seal", lambda token, _key, _text: token)
    patch.setattr(sqlite_store, "decode", lambda _key, _version, text, label: read_somehow(text, label))


def read_somehow(text: str, label: str) -> Any:
    """A document of which nothing but its form is looked at."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise StateError(f"damaged: {error}", where=label) from error


def keeps_index_unread(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sqlite_store, "verify_database", lambda *_: None)


def takes_any_digest(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(planfile, "document_digest", any_digest)


def takes_any_index(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(folder, "document_digest", any_digest)


def takes_any_state(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(transfer, "_digest", any_digest)


def takes_any_line(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(chain, "line_hash", lambda line: line["hash"])


def silent(name: str, **figures: int) -> None:
    """What is planted counts for nothing."""


PLANTED: list[tuple[Callable[[pytest.MonkeyPatch], None], Callable[..., None]]] = [
    (never_sealed, test_a_state_file),
    (keeps_index_unread, test_a_state_file),
    (takes_any_digest, partial(test_a_plan, False)),
    (takes_any_state, test_a_pulled_state),
    (takes_any_line, partial(test_evidence, 0)),
]
"""Checks that are left out, and the test that must notice."""


@pytest.mark.parametrize(("plant", "proof"), PLANTED, ids=[row[0].__name__ for row in PLANTED])
def test_a_check_that_is_left_out_is_noticed(
    plant: Callable[[pytest.MonkeyPatch], None],
    proof: Callable[..., None],
    stack: Stack,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError, match=r"byte \d|cut at|zeros from"):
        proof(stack, counts=silent)


def test_a_digest_of_plans_that_is_left_out_is_noticed(
    fleet: FleetFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes_any_index(monkeypatch)
    with pytest.raises(AssertionError, match=r"byte \d|cut at|zeros from"):
        test_an_index_of_plans(fleet, silent)
