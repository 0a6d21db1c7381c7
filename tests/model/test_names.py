"""Which names are one, and which only look like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.model.names import difference, identity, looks, rough_look, spelled_out


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


ALIKE = (
    "aAbBiIlL10oO|'`-\u2010 \t\u00a0\u200b\u0410\u0430\u0406\u0456\u0399\u03b9\u04c0\u04cf\u0131\u0130"
    "\u00df\u1e9e\u00e9\u0301\u212a\ufb01\U0001d400"
)
"""Characters that look like others, decompose, do not show, or have more than one case."""


@given(st.text(ALIKE, max_size=5), st.text(ALIKE, max_size=5))
def test_what_looks_alike_looks_alike_roughly(one: str, other: str) -> None:
    if looks(one) & looks(other):
        assert rough_look(one) == rough_look(other)


def test_no_character_looks_like_one_that_roughly_is_another() -> None:
    roughly: dict[str, bytes] = {}
    for code in range(0x3000):
        name = f"a{chr(code)}9"
        for look in looks(name):
            assert roughly.setdefault(look, rough_look(name)) == rough_look(name)


def test_most_names_do_not_even_look_alike_roughly() -> None:
    names = [f"Queue {index}" for index in range(5_000)]
    assert len({rough_look(name) for name in names}) == len(names)


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
