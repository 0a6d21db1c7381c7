"""A label is what makes the API refuse to phone somebody twice."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.conference.labels import label_of, labels_of
from voiceform.kinds.conference.memory import Attempt, Memory
from voiceform.model.address import NAME_PATTERN, Address
from voiceform.model.resource import Desired, Recorded

NAMES = st.from_regex(NAME_PATTERN, fullmatch=True)


@given(name=NAMES, key=NAMES)
def test_a_label_is_what_the_api_accepts(name: str, key: str) -> None:
    label = label_of(Address("conference", name), key)
    assert 1 <= len(label) <= 128
    assert "/" not in label
    assert "%2f" not in label.lower()


@given(st.sets(st.tuples(NAMES, NAMES), min_size=2, max_size=2))
def test_two_participants_have_two_labels(pairs: set[tuple[str, str]]) -> None:
    assert len({label_of(Address("conference", name), key) for name, key in pairs}) == 2


def test_long_names_that_begin_alike_have_two_labels() -> None:
    address = Address("conference", "x" * 64)
    assert label_of(address, "y" * 63 + "1") != label_of(address, "y" * 63 + "2")


def declared(**participant: str) -> Desired:
    address, before = Address("conference", "daily"), Address("conference", "standup")
    people = {"participants": {"bridge": participant}}
    return Desired(address, people, aliases=(before,))


def recorded(**participant: str) -> Recorded:
    return Recorded(Address("conference", "daily"), None, {"participants": {"bridge": participant}})


MADE = ("conference.daily.bridge", "conference.standup.bridge")


def test_an_earlier_address_is_recognised_and_the_present_one_used() -> None:
    assert labels_of(declared(), None, Memory(), "bridge") == MADE


def test_a_label_of_ones_own_goes_first_and_none_before_it_is_forgotten() -> None:
    attempts = {
        label: Attempt(label, None, datetime(2026, 11, 1, tzinfo=UTC), "run", participant=who)
        for label, who in (("oldest", "bridge"), ("other", "anna"), ("unnamed", None))
    }
    memory = Memory(attempts)
    found = labels_of(declared(label="new"), recorded(label="old"), memory, "bridge")
    assert found == ("new", "old", *MADE, "oldest")
    assert labels_of(declared(), recorded(label="old"), memory, "bridge") == (
        MADE[0],
        "old",
        MADE[1],
        "oldest",
    )
    assert labels_of(declared(), recorded(label="old"), memory, "gone") == (
        "conference.daily.gone",
        "conference.standup.gone",
    )


def test_a_label_that_another_participant_has_now_is_that_ones() -> None:
    """Somebody new under an old key is not taken for whoever was phoned under it."""
    attempt = Attempt("desk", None, datetime(2026, 11, 1, tzinfo=UTC), "run", participant="anna")
    memory = Memory({"desk": attempt})
    people = {"participants": {"anna": {}, "bridge": {"label": "desk"}}}
    now = Desired(Address("conference", "daily"), people)
    before = Recorded(now.address, None, {"participants": {"anna": {"label": "desk"}}})
    assert labels_of(now, before, memory, "bridge")[0] == "desk"
    assert labels_of(now, before, memory, "anna") == ("conference.daily.anna",)
