"""meta, resources and the schema of everything that is stored."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.state.support import LINEAGE, NOW, applied, create, plan_of, queue, recorded, sid_of
from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Ledger, if_undecided
from voiceform.kinds.conference.memory import Attempt, Memory, Notebook
from voiceform.model.address import Address
from voiceform.model.clock import ManualClock
from voiceform.model.errors import StateConflictError, StateError
from voiceform.model.plan import StateVersion
from voiceform.model.resource import Desired, Recorded
from voiceform.model.schema_files import schema_text
from voiceform.model.store import StoredDocument
from voiceform.state.backend import decode, encode, new_version
from voiceform.state.documents import problem_of
from voiceform.state.journal import begin_run
from voiceform.state.lease import acquire, break_lease
from voiceform.state.meta import Meta, bump_serial, read_meta, state_version
from voiceform.state.resources import (
    load_resources,
    read_resources,
    recorded_to_document,
    resource_write,
)
from voiceform.state.sqlite import SqliteStore
from voiceform.state.transfer import pull

DEFINITIONS = {
    "meta": "meta",
    "lease": "lease",
    "resources/": "queue_record",
    "runs/": "run",
    "/intents/": "intents",
    "/chunks/": "chunk",
    "/outcomes/": "segment",
    "ledger/": "ledger",
    "ledger-heads/": "ledger_head",
    "conferences/": "conference_memory",
}


ROOM = "CF" + "1" * 32
GOOD = recorded_to_document(recorded("a"))


@cache
def validator(definition: str | None) -> Draft202012Validator:
    schema = json.loads(schema_text("state"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(
        schema if definition is None else {"$defs": schema["$defs"], "$ref": f"#/$defs/{definition}"}
    )


def fill(store: SqliteStore) -> None:
    """A state with every sort of document and every optional member in it."""
    with acquire(store, operation="apply", holder="ada", clock=ManualClock(NOW)) as lease:
        run = begin_run(
            lease.store, plan_of([create("a"), create("big", text="x" * 600_000)]), who="ada", now=NOW
        )
        full = replace(recorded("a"), protect=True, depends_on=(queue("b"),))
        run.record([applied("a")], [resource_write(full, None), resource_write(recorded("b"), None)])
        run.finish(NOW)
        begin_run(lease.store, plan_of([create("c")], "plan-2"), who="ada", now=NOW)
        break_lease(store, reason="test", who="bob", clock=ManualClock(NOW))
    ledger = Ledger(store, "call.a")
    ledger.set_head(account="AC" + "0" * 32, high_water=NOW, since=NOW)
    for number, status in enumerate(CallStatus):
        entry = LedgerEntry(
            status, NOW, "CA" + "0" * 32, "why", NOW, "who", "+15017122661", "ringing", NOW, True, "digest"
        )
        ledger.change(Key(NOW, f"+1555867530{number}"), if_undecided(entry))
    ledger.change(Key(NOW, "+15558675399", 2), if_undecided(LedgerEntry(CallStatus.MISSED, NOW)))
    attempts = {"b": Attempt("b", None, NOW, "run"), "c": Attempt("c", ROOM, NOW, "run", "CA" + "1" * 32)}
    Notebook(store, Address.parse("conference.a")).keep(Memory(attempts, {ROOM: ("ba5f9e54d9c30b51",)}))


def test_everything_that_is_stored_fits_the_published_schema(store: SqliteStore) -> None:
    fill(store)
    seen = set()
    for entry in store.list(""):
        (definition,) = [name for part, name in DEFINITIONS.items() if part in entry.key]
        seen.add(definition)
        validator(definition).validate(entry.document)
        assert problem_of(definition, entry.document) is None
    assert seen == set(DEFINITIONS.values())
    validator(None).validate(pull(store))
    assert problem_of(None, pull(store)) is None


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> list[StoredDocument]:
    with SqliteStore(tmp_path_factory.mktemp("filled") / "state.db") as store:
        fill(store)
        return list(store.list(""))


@pytest.mark.parametrize("definition", sorted(set(DEFINITIONS.values())))
@pytest.mark.parametrize("change", ["drop", "add", "null", "text"])
def test_the_fast_check_agrees_with_the_schema(
    filled: list[StoredDocument], definition: str, change: str
) -> None:
    (part,) = [part for part, name in DEFINITIONS.items() if name == definition]
    document = next(entry.document for entry in filled if part in entry.key)
    for name in list(document):
        changed = dict(document)
        if change == "drop":
            del changed[name]
        else:
            changed[name if change != "add" else "surprise"] = None if change == "null" else "text"
        assert (problem_of(definition, changed) is None) == validator(definition).is_valid(changed)


def test_schema_definitions_are_explained() -> None:
    schema = json.loads(schema_text("state"))
    for definition in (schema, *schema["$defs"].values()):
        assert definition["title"]
        assert definition["description"]


def test_meta_of_an_empty_state(store: SqliteStore) -> None:
    assert read_meta(store) is None
    assert state_version(store) == StateVersion(None, 0)


def test_lineage_is_made_once(store: SqliteStore) -> None:
    first = bump_serial(store, make_lineage=lambda: LINEAGE)
    assert (first.lineage, first.serial) == (LINEAGE, 1)
    assert bump_serial(store, make_lineage=lambda: "another").serial == 2
    assert state_version(store) == StateVersion(LINEAGE, 2)


def test_bumping_an_empty_state_gives_it_a_lineage(store: SqliteStore) -> None:
    meta = bump_serial(store)
    assert meta == read_meta(store)
    assert meta.serial == 1
    assert UUID(meta.lineage).version == 4


def test_two_bumps_of_one_serial_do_not_both_win(store: SqliteStore) -> None:
    meta = bump_serial(store)
    store.write((meta.bumped(),))
    with pytest.raises(StateConflictError):
        store.write((meta.bumped(),))


def test_a_newer_format_is_refused_and_kept(store: SqliteStore) -> None:
    store.put("meta", {"format": 2, "lineage": LINEAGE, "serial": 1, "more": True}, None)
    before = list(store.list(""))
    for use in (
        lambda: read_meta(store),
        lambda: bump_serial(store),
        lambda: begin_run(store, plan_of([create("a")]), who="ada", now=NOW),
        lambda: pull(store),
    ):
        with pytest.raises(StateError, match="newer than this voiceform"):
            use()
    assert list(store.list("")) == before


@pytest.mark.parametrize("document", [{}, {"format": "1"}, {"format": 1, "lineage": "x", "serial": 1}])
def test_a_damaged_meta_is_named(store: SqliteStore, document: dict[str, object]) -> None:
    store.put("meta", document, None)
    with pytest.raises(StateError, match="'meta'"):
        read_meta(store)


def test_resources_come_back_as_they_were(store: SqliteStore) -> None:
    full = replace(recorded("a", max_size=None), protect=True, depends_on=(queue("c"),))
    rule = Recorded(Address("retention", "recordings.a"), None, {"order": 1, "match": {}, "keep": "90d"})
    store.write([resource_write(record, None) for record in (full, recorded("c"), rule)])
    assert read_resources(store) == {item.address: item for item in (full, recorded("c"), rule)}
    assert list(read_resources(store)) == [queue("a"), queue("c"), rule.address]


def test_versions_are_for_compare_and_swap(store: SqliteStore) -> None:
    store.write((resource_write(recorded("a"), None), resource_write(recorded("b"), None)))
    resources = load_resources(store)
    changed = recorded("a", max_size=5)
    store.write((resources.write(changed), resources.removal(queue("b")), resources.write(recorded("new"))))
    assert read_resources(store) == {queue("a"): changed, queue("new"): recorded("new")}
    with pytest.raises(StateConflictError):
        store.write((resources.write(changed),))
    store.write((load_resources(store).removal(queue("a")),))
    assert read_resources(store) == {queue("new"): recorded("new")}


@pytest.mark.parametrize(
    "document",
    [
        {},
        {**GOOD, "sid": 5},
        {**GOOD, "sid": None},
        {**GOOD, "sid": "CA" + "0" * 32},
        {**GOOD, "attributes": []},
        {**GOOD, "attributes": {}},
        {**GOOD, "attributes": {"friendly_name": "a", "max_size": "many"}},
        {**GOOD, "attributes": {"friendly_name": "a", "max_size": 5, "colour": "red"}},
        {**GOOD, "address": "queue.b"},
        {**GOOD, "address": "call.a"},
        {**GOOD, "unheard": 1},
        {**GOOD, "protect": "yes"},
        {**GOOD, "depends_on": ["queue.a/b"]},
    ],
)
def test_a_damaged_resource_is_named_and_kept(store: SqliteStore, document: dict[str, object]) -> None:
    store.put("resources/queue.a", document, None)
    before = list(store.list(""))
    with pytest.raises(StateError, match=r"'resources/queue\.a'") as caught:
        read_resources(store)
    assert "nothing was changed" in str(caught.value)
    assert "voiceform state rm queue.a" in str(caught.value)
    assert list(store.list("")) == before


def test_a_record_of_an_unknown_kind_is_named(store: SqliteStore) -> None:
    store.put("resources/trunk.a", {"address": "trunk.a", "sid": None, "attributes": {}}, None)
    with pytest.raises(StateError, match="of no kind that this voiceform knows") as caught:
        read_resources(store)
    assert "voiceform state rm trunk.a" in str(caught.value)


def test_meta_is_frozen_data() -> None:
    assert Meta(LINEAGE).document() == {"format": 1, "lineage": LINEAGE, "serial": 0}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=3))
@example({"name": "\ud83d\ude00 \ud800 \udc00", "\udfff": -0.0, "large": 2**70, "tiny": 5e-324})
def test_what_was_stored_is_read_to_the_last_character(document: dict[str, object]) -> None:
    text = encode(document)
    found = decode("resources/a", new_version("resources/a", text), text, "the state")
    assert repr(found) == repr(json.loads(text))


@pytest.mark.parametrize(
    "text",
    ["{", "[1]", '{"a": NaN}', '{"a": 1}}', '{"a": "\ud800}', "[" * 100_000, '{"a": 1e999', ""],
)
def test_what_is_no_document_is_named_with_its_key(text: str) -> None:
    with pytest.raises(StateError, match="the document 'resources/a' in the state"):
        decode("resources/a", "0-0", text, "the state")


def test_what_is_as_it_is_declared_is_held_once(store: SqliteStore) -> None:
    """And nothing is taken for the same that is another value in JSON."""
    people = ["+12125550101", "+12125550102"]
    kept = Recorded(queue("a"), sid_of("a"), {"friendly_name": "a", "max_size": 5})
    store.write(tuple(resource_write(item, None) for item in (kept, recorded("b"), recorded("c"))))
    declared = {
        queue("a"): Desired(queue("a"), dict(kept.attributes)),
        queue("b"): Desired(queue("b"), {**recorded("b").attributes, "max_size": True, "to": people}),
    }
    found = read_resources(store, declared)
    assert found == read_resources(store)
    assert found[queue("a")].attributes is declared[queue("a")].attributes
    assert found[queue("a")].address is declared[queue("a")].address
    assert found[queue("b")].attributes == recorded("b").attributes
    assert type(found[queue("b")].attributes["max_size"]) is int
