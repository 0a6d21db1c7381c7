"""What is remembered of rooms, when a state is pushed over it: nobody is forgotten."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.conference.memory import memory_kept
from voiceform.model.errors import StateError
from voiceform.model.instants import instant_from_text
from voiceform.model.store import Document, StoredDocument

ROOMS = st.sampled_from([f"CF{number:032x}" for number in range(3)])
ATTEMPTS = st.fixed_dictionaries(
    {
        "room": st.none() | ROOMS,
        "at": st.integers(0, 3).map(lambda hours: f"2026-03-02T{12 + hours}:00:00Z"),
        "run": st.sampled_from(["one", "two"]),
        "call_sid": st.none() | st.just("CA" + "0" * 32),
    }
)
MEMORIES: st.SearchStrategy[Document] = st.fixed_dictionaries(
    {
        "attempts": st.dictionaries(st.sampled_from("abc"), ATTEMPTS),
        "announced": st.dictionaries(ROOMS, st.lists(st.sampled_from(["0a", "0b"]), unique=True)),
    }
)


def stored(document: Document) -> StoredDocument:
    return StoredDocument("conferences/conference.a", document, "1")


@given(MEMORIES, st.none() | MEMORIES)
def test_what_either_knows_stays(before: Document, pushed: Document | None) -> None:
    kept = memory_kept(stored(before), pushed)
    sides = [before] if pushed is None else [pushed, before]
    attempts = {label: item for side in sides for label, item in side["attempts"].items()}
    assert kept["attempts"].keys() == attempts.keys()
    for label, item in kept["attempts"].items():
        known = [side["attempts"][label] for side in sides if label in side["attempts"]]
        latest = max(instant_from_text(attempt["at"]) for attempt in known)
        assert item == next(attempt for attempt in known if instant_from_text(attempt["at"]) == latest)
    said = {(room, digest) for side in sides for room, all_ in side["announced"].items() for digest in all_}
    assert {(room, digest) for room, all_ in kept["announced"].items() for digest in all_} == said


def test_of_one_attempt_a_person_may_say_how_it_ended() -> None:
    """A state that is edited on purpose is believed."""
    attempt = {"room": None, "at": "2026-03-02T12:00:00Z", "run": "one", "call_sid": None}
    known = {**attempt, "call_sid": "CA" + "0" * 32}
    before, pushed = ({"attempts": {"a": item}, "announced": {}} for item in (attempt, known))
    assert memory_kept(stored(before), pushed) == pushed


@pytest.mark.parametrize("damaged", [{}, {"attempts": {"a": {}}, "announced": {}}, {"attempts": []}])
def test_what_cannot_be_read_is_not_replaced(damaged: Document) -> None:
    with pytest.raises(StateError, match=r"'conferences/conference\.a' is damaged"):
        memory_kept(stored(damaged), {"attempts": {}, "announced": {}})
