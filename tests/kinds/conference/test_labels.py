"""A label is what makes the API refuse to phone somebody twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.conference.labels import label_of, labels_of
from voiceform.model.address import NAME_PATTERN, Address

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


def test_an_earlier_address_is_recognised_and_the_present_one_used() -> None:
    now, before = Address("conference", "daily"), Address("conference", "standup")
    assert labels_of(now, (before,), "bridge") == ("conference.daily.bridge", "conference.standup.bridge")
