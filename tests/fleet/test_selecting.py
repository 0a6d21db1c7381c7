"""Which stacks are meant: labels as kubectl has them, names by pattern, and shares that are stable."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fleet.fleets import sid
from voiceform.fleet.member import Member
from voiceform.fleet.selecting import Shard, selected
from voiceform.model.diagnostics import Position
from voiceform.model.errors import UsageError


def member(name: str, **labels: str) -> Member:
    return Member(name, sid(1), Path(), (), Position("fleet.yaml", 1, 1), labels=labels)


MEMBERS = (
    member("eu-1", ring="canary", team="voice"),
    member("eu-2", ring="main"),
    member("us-1", ring="main", team="voice"),
    member("us-2"),
)


@pytest.mark.parametrize(
    ("select", "exclude", "names"),
    [
        ([], [], "eu-1 eu-2 us-1 us-2"),
        (["ring=main"], [], "eu-2 us-1"),
        (["ring==main"], [], "eu-2 us-1"),
        (["ring!=main"], [], "eu-1 us-2"),
        (["ring"], [], "eu-1 eu-2 us-1"),
        (["!ring"], [], "us-2"),
        (["ring=main", "team=voice"], [], "us-1"),
        (["ring=main,team=voice"], [], "us-1"),
        (["stack=us-2"], [], "us-2"),
        ([], ["eu-*"], "us-1 us-2"),
        (["team"], ["eu-1"], "us-1"),
    ],
)
def test_what_is_selected(select: list[str], exclude: list[str], names: str) -> None:
    found = selected(MEMBERS, {"select": select, "exclude": exclude})
    assert " ".join(each.name for each in found) == names


@pytest.mark.parametrize(
    ("select", "exclude", "shard"),
    [
        (["ring=nothing"], [], None),
        (["ring in (a)"], [], None),
        ([""], [], None),
        (["!ring=main"], [], None),
        ([], ["nobody"], None),
        ([], ["*"], None),
        ([], [], "0/2"),
        ([], [], "3/2"),
        ([], [], "2"),
        ([], [], "a/b"),
    ],
)
def test_what_means_nothing_is_refused(select: list[str], exclude: list[str], shard: str | None) -> None:
    with pytest.raises(UsageError):
        selected(MEMBERS, {"select": select, "exclude": exclude, "shard": shard})


def test_one_text_in_the_place_of_several_is_refused() -> None:
    with pytest.raises(UsageError, match="several texts"):
        selected(MEMBERS, {"select": "ring=main"})


NAMES = st.sets(st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9_-]{0,20}\Z"), min_size=1, max_size=50)


@given(NAMES, st.integers(1, 12))
def test_shares_are_disjoint_and_together_everything(names: set[str], count: int) -> None:
    members = [member(name) for name in names]
    shares = [selected(members, {"shard": f"{number}/{count}"}) for number in range(1, count + 1)]
    assert sorted(each.name for share in shares for each in share) == sorted(names)


@given(NAMES, NAMES)
def test_others_move_no_stack_from_its_share(names: set[str], others: set[str]) -> None:
    def of(known: set[str]) -> set[str]:
        found = selected([member(name) for name in known], {"shard": "1/3"})
        return {each.name for each in found}

    assert of(names) == of(names | others) & names


def test_a_share_stays_what_it_is_from_release_to_release() -> None:
    assert ["acme" in Shard(number, 5) for number in range(1, 6)].index(True) == SHARE_OF_ACME


SHARE_OF_ACME = 2
