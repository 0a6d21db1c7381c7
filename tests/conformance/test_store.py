"""What every store does alike, on the real thing: a file, a PostgreSQL server, an S3 server."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.conformance.conftest import Place, PostgresPlace, S3Place
from voiceform.model.errors import StateConflictError, StateError
from voiceform.model.store import Glance, StoredDocument, Write
from voiceform.state.backend import Backend

ODD_KEYS = [
    "a",
    "a/b",
    "a/b/c",
    "a.json",
    "a/b.json",
    "a//b",
    "a/../b",
    "a/./b",
    "../up",
    "/rooted",
    "folder/",
    "a b/c d",
    "a+b&c=d?e#f",
    "100%25",
    "%2F",
    "%00",
    "tab\\slash",
    "quote'\"`",
    "{brace}[bracket]<angle>|^~",
    "_%like",
    "ünïcödé/ключ/鍵/🔑",
    "resources/queue.support",
    "resources/queue.support-2",
    "resources/queue.Support",
    "x" * 200,
]


def test_an_empty_state_has_nothing_in_it(store: Backend) -> None:
    assert store.get("meta") is None
    assert list(store.list("")) == []


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"text": "a\0b\u2028\U0001f600 \udc00 'quoted' \"twice\" \\ ${x} %s"},
        {"numbers": [0, -1, 10**30, 0.1, 1e-300], "none": None, "flags": [True, False]},
        {"deep": {"er": [{"and": ["deeper"]}]}, "b": 1, "a": 2},
    ],
)
def test_a_document_comes_back_as_it_was(store: Backend, document: dict[str, object]) -> None:
    version = store.put("some/key", document, None)
    entry = store.get("some/key")
    assert entry == StoredDocument("some/key", document, version)
    assert list(entry.document) == list(document)
    assert list(store.list("some/")) == [entry]


def test_some_documents_are_read_together(store: Backend) -> None:
    written = {key: store.put(key, {"of": key}, None) for key in ODD_KEYS[:6]}
    wanted = {*ODD_KEYS[2:6], "missing", "a/b/c/d"}
    assert store.get_all(wanted) == {
        key: StoredDocument(key, {"of": key}, written[key]) for key in ODD_KEYS[2:6]
    }
    assert store.get_all(()) == {}
    with pytest.raises(StateError, match="control characters"):
        store.get_all(("a", "a\n"))


def test_a_glance_keeps_what_it_has_seen_and_reads_the_rest(store: Backend) -> None:
    version = store.put("seen", {"n": 1}, None)
    glance = Glance(store, ("seen", "missing"))
    store.put("seen", {"n": 2}, version)
    store.put("missing", {}, None)
    later = StoredDocument("later", {}, store.put("later", {}, None))
    assert glance.get("seen") == StoredDocument("seen", {"n": 1}, version)
    assert glance.get("missing") is None
    assert glance.get("later") == later
    assert glance.get_all(("seen", "missing", "later")) == {"seen": glance.get("seen"), "later": later}
    assert [found.key for found in glance.list("")] == ["later", "missing", "seen"]


def test_creating_refuses_a_key_that_exists(store: Backend) -> None:
    version = store.put("key", {"by": "first"}, None)
    with pytest.raises(StateConflictError, match="'key'"):
        store.put("key", {"by": "second"}, None)
    assert store.get("key") == StoredDocument("key", {"by": "first"}, version)


def test_a_lost_compare_and_swap_changes_nothing(store: Backend) -> None:
    old = store.put("key", {"n": 1}, None)
    new = store.put("key", {"n": 2}, old)
    with pytest.raises(StateConflictError):
        store.put("key", {"n": 3}, old)
    with pytest.raises(StateConflictError):
        store.delete("key", old)
    with pytest.raises(StateConflictError):
        store.put("another", {"n": 1}, new)
    assert store.get("key") == StoredDocument("key", {"n": 2}, new)
    assert store.get("another") is None


def test_writing_the_same_again_is_another_version(store: Backend) -> None:
    first = store.put("key", {"n": 1}, None)
    second = store.put("key", {"n": 2}, first)
    third = store.put("key", {"n": 1}, second)
    assert len({first, second, third}) == 3
    with pytest.raises(StateConflictError):
        store.put("key", {"n": 4}, first)


def test_a_deleted_document_is_gone_and_can_be_made_again(store: Backend) -> None:
    version = store.put("key", {"n": 1}, None)
    store.delete("key", version)
    assert store.get("key") is None
    assert list(store.list("")) == []
    with pytest.raises(StateConflictError):
        store.put("key", {"n": 2}, version)
    again = store.put("key", {"n": 3}, None)
    with pytest.raises(StateConflictError):
        store.put("key", {"n": 4}, version)
    with pytest.raises(StateConflictError):
        store.put("key", {"n": 4}, None)
    assert store.get("key") == StoredDocument("key", {"n": 3}, again)


def test_a_version_is_another_after_each_write(store: Backend) -> None:
    assert store.version("a/key") is None
    assert store.versions("a/") == {}
    seen: list[str | None] = [None]
    expected = None
    for number in (1, 2, 1):
        expected = store.put("a/key", {"n": number}, expected)
        assert store.version("a/key") not in seen
        seen.append(store.version("a/key"))
        assert store.versions("a/") == {"a/key": seen[-1]}
    store.put("a/other", {}, None)
    store.put("b", {}, None)
    assert store.version("a/key") == seen[-1]
    assert store.versions("a/").keys() == {"a/key", "a/other"}
    assert store.versions("").keys() == {"a/key", "a/other", "b"}
    store.delete("a/key", expected or "")
    assert store.version("a/key") is None
    assert store.versions("a/").keys() == {"a/other"}


def test_a_batch_returns_its_versions_in_order(store: Backend) -> None:
    first, second = store.write((Write("a", {"n": 1}, None), Write("b", {"n": 2}, None)))
    versions = store.write(
        (Write("c", {"n": 3}, None), Write("a", None, first), Write("b", {"n": 4}, second))
    )
    assert versions[1] is None
    assert list(store.list("")) == [
        StoredDocument("b", {"n": 4}, str(versions[2])),
        StoredDocument("c", {"n": 3}, str(versions[0])),
    ]


def test_an_empty_batch_does_nothing(store: Backend) -> None:
    assert store.write(()) == ()


def test_a_batch_that_fails_leaves_nothing_or_a_prefix(place: Place, store: Backend) -> None:
    store.put("taken", {"by": "us"}, None)
    with pytest.raises(StateConflictError, match="'taken'"):
        store.write((Write("a", {}, None), Write("taken", {"by": "them"}, None), Write("z", {}, None)))
    left = [entry.key for entry in store.list("")]
    assert left == (["taken"] if place.atomic else ["a", "taken"])
    assert [entry.document for entry in store.list("taken")] == [{"by": "us"}]


def test_a_batch_names_each_key_once(store: Backend) -> None:
    with pytest.raises(ValueError, match="twice"):
        store.write((Write("a", {}, None), Write("a", None, "1")))
    assert store.get("a") is None


def test_keys_with_odd_characters(store: Backend) -> None:
    store.write([Write(key, {"key": key}, None) for key in ODD_KEYS])
    assert [entry.key for entry in store.list("")] == sorted(ODD_KEYS)
    for key in ODD_KEYS:
        entry = store.get(key)
        assert entry is not None
        assert entry.document == {"key": key}
        # `key` stands for any prefix: also one that ends within a name, or in a slash.
        below = sorted(k for k in ODD_KEYS if k.startswith(key))
        assert [found.key for found in store.list(key)] == below
        assert sorted(store.versions(key)) == below
        assert store.version(key) == store.versions(key)[key]


@pytest.mark.parametrize(
    "prefix", ["", "a", "a/", "a/b", "resources/queue.", "resources/queue.support-", "none"]
)
def test_a_prefix_is_text_and_not_a_folder(store: Backend, prefix: str) -> None:
    store.write([Write(key, {}, None) for key in ODD_KEYS])
    assert [entry.key for entry in store.list(prefix)] == sorted(k for k in ODD_KEYS if k.startswith(prefix))


@pytest.mark.parametrize("key", ["", "a\0b", "line\nbreak", "\x7f", "\ud800", "x" * 513])
def test_impossible_keys_are_refused(store: Backend, key: str) -> None:
    with pytest.raises(StateError, match="state key"):
        store.put(key, {}, None)
    with pytest.raises(StateError, match="state key"):
        store.get(key)


def test_documents_of_a_megabyte(store: Backend) -> None:
    document = {"text": 'ab"\\é' * 150_000, "list": list(range(50_000))}
    assert len(json.dumps(document)) > 1_000_000
    version = store.put("big", document, None)
    assert store.get("big") == StoredDocument("big", document, version)


def test_a_list_over_many_keys_is_whole_and_in_order(place: Place, store: Backend) -> None:
    keys = [f"resources/queue.q{number}" for number in range(place.many)]
    store.write([Write(key, {"key": key}, None) for key in keys])
    store.put("resourcet", {}, None)
    entries = list(place.open().list("resources/"))
    assert [entry.key for entry in entries] == sorted(keys)
    assert all(entry.document == {"key": entry.key} for entry in entries)


def test_one_may_write_while_listing(store: Backend) -> None:
    store.write([Write(f"item/{number}", {"n": number}, None) for number in range(9)])
    for entry in store.list("item/"):
        store.delete(entry.key, entry.version)
    assert list(store.list("")) == []


def test_a_hundred_writers_on_one_key_lose_nothing(place: Place) -> None:
    stores = [place.open() for _ in range(5)]

    def add(number: int) -> None:
        store = stores[number % len(stores)]
        while True:
            entry = store.get("counter")
            document = {"done": []} if entry is None else entry.document
            try:
                store.put("counter", {"done": [*document["done"], number]}, entry.version if entry else None)
            except StateConflictError:
                continue
            return

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(add, range(100)))
    entry = stores[0].get("counter")
    assert entry is not None
    assert sorted(entry.document["done"]) == list(range(100))


def test_of_a_hundred_creators_one_wins(place: Place) -> None:
    stores = [place.open() for _ in range(5)]

    def create(number: int) -> bool:
        try:
            stores[number % len(stores)].put("plan", {"by": number}, None)
        except StateConflictError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        won = list(pool.map(create, range(100)))
    entry = stores[0].get("plan")
    assert entry is not None
    assert [number for number, win in enumerate(won) if win] == [entry.document["by"]]


def test_a_store_that_goes_away_and_comes_back(place: Place) -> None:
    place.open().put("key", {"n": 1}, None)
    store = place.open_shaky()
    entry = store.get("key")
    assert entry is not None
    place.take_away()
    with pytest.raises(StateError) as caught:
        store.put("key", {"n": 2}, entry.version)
    assert not isinstance(caught.value, StateConflictError)
    assert caught.value.hint is not None
    place.bring_back()
    version = store.put("key", {"n": 2}, entry.version)
    assert place.open().get("key") == StoredDocument("key", {"n": 2}, version)


def test_a_write_whose_answer_is_lost_is_done_once(server_place: PostgresPlace | S3Place) -> None:
    store = server_place.open_shaky()
    first = store.put("counter", {"n": 1}, None)
    kept = store.put("kept", {"n": 1}, None)
    for writes in (
        (Write("counter", {"n": 2}, first),),
        (Write("new", {"n": 3}, None),),
        (Write("kept", None, kept),),
    ):
        server_place.proxy.lose_answer_to(server_place.lost_answer)
        version = store.write(writes)[0]
        found = server_place.open().get(writes[0].key)
        assert (found and found.version) == version
        assert (found and found.document) == writes[0].document
    assert server_place.proxy.lost == 3


def test_a_lost_answer_does_not_hide_a_conflict(server_place: PostgresPlace | S3Place) -> None:
    store = server_place.open_shaky()
    old = store.put("counter", {"n": 1}, None)
    new = store.put("counter", {"n": 2}, old)
    server_place.proxy.lose_answer_to(b"counter")
    with pytest.raises(StateConflictError):
        store.put("counter", {"n": 3}, old)
    assert server_place.proxy.lost == 1
    assert store.get("counter") == StoredDocument("counter", {"n": 2}, new)
