"""Very many SIDs in little memory."""

from __future__ import annotations

from array import array
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.retention.sid_chunks import CHUNK, Chunk, Column, SidSet

START = datetime(2026, 1, 1, tzinfo=UTC)
numbers = st.integers(2, 2**60)


def sid(number: int) -> str:
    return f"RE{number:032x}"


@given(st.sets(numbers, max_size=200), st.sets(numbers, max_size=50))
def test_a_set_knows_what_was_put_in(inside: set[int], outside: set[int]) -> None:
    known = SidSet()
    for number in [*inside, *inside]:
        known.add(sid(number))
    assert all(sid(number) in known for number in inside)
    assert all((sid(number) in known) == (number in inside) for number in outside)
    assert len(known) == len(inside)


def test_a_set_grows() -> None:
    known = SidSet()
    for number in range(1, 5001):
        known.add(sid(number))
    assert len(known) == 5000
    assert sid(4999) in known
    assert sid(5001) not in known


@pytest.mark.parametrize(
    "odd", ["", "RE", sid(1)[:-1], sid(1) + "0", sid(1)[:-2], sid(1)[:-1] + "g", sid(1)[:-2] + "  "]
)
def test_what_is_not_a_sid_is_not_remembered(odd: str) -> None:
    column = Column()
    with pytest.raises(ValueError, match=r".+"):
        column.extend([sid(1), odd, sid(2)], [START, START, START])
    assert len(column) == len(column.sids) == 0


def test_chunks_are_ordered_by_age_and_read_back_exactly() -> None:
    column = Column()
    numbers = range(2 * CHUNK + 200)
    made = [(sid(number), START + timedelta(seconds=(number * 7919) % 5000)) for number in numbers]
    for name, created in made[:500]:
        column.add(name, created)
    column.extend([name for name, _ in made[500:]], [created for _, created in made[500:]])
    everything = array("q", sorted(int(created.timestamp()) for _, created in made))
    chunks = list(column.chunks(everything))
    assert [Chunk.of_document(chunk.to_document()) for chunk in chunks] == chunks
    assert [len(chunk) for chunk in chunks] == [CHUNK, CHUNK, 200]
    assert {name for chunk in chunks for name in chunk.sids("RE")} == {name for name, _ in made}
    dates = dict(made)
    for chunk in chunks:
        assert all(chunk.first <= dates[name] <= chunk.last for name in chunk.sids("RE"))
        assert chunk.rows == sum(chunk.first <= created <= chunk.last for created in dates.values())
    assert chunks[0].last <= chunks[1].first
