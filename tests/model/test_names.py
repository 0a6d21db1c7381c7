"""Which names are one, and which only look like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.model.names import difference, identity, looks, spelled_out


@pytest.mark.parametrize(
    ("one", "other"),
    [("Support", "SUPPORT"), ("Café", "Cafe\u0301"), ("Straße", "STRASSE"), ("CAFE\u0301", "café")],
)
def test_case_and_unicode_form_make_no_other_name(one: str, other: str) -> None:
    assert identity(one) == identity(other)
    assert looks(one) & looks(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Support", "Supports"), ("Cafe", "Café"), ("mail", "mall"), ("a-b", "a_b"), ("1", "2")],
)
def test_what_reads_differently_does_not_look_alike(one: str, other: str) -> None:
    assert not looks(one) & looks(other)


@given(
    st.text(max_size=20),
    st.sampled_from(["\u200b", "\u202e", " ", "\t", "\u00a0", "\ufe0f", "\u00ad"]),
    st.data(),
)
def test_what_does_not_show_changes_no_look(name: str, hidden: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name)))
    poisoned = name[:place] + hidden + name[place:]
    assert looks(name) & looks(poisoned)
    assert difference(name, poisoned)
    assert spelled_out(poisoned).isascii()


@given(st.text(max_size=20))
def test_an_identity_is_its_own(name: str) -> None:
    assert identity(identity(name)) == identity(name)
