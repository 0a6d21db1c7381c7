"""Many holds asked at once say what each of them says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds.retention.rows import NOW, KnownCalls, facts, recording
from voiceform.kinds.retention.hold_index import HoldIndex
from voiceform.kinds.retention.matching.legs import Family, Life
from voiceform.kinds.retention.policy import Hold, held_by
from voiceform.twilio.errors import ConnectionFailedError

RECORDINGS = [f"RE{number:032x}" for number in range(4)]
CALLS = [f"CA{number:032x}" for number in range(4)]
NUMBER = "+15558675310"
BOOK = KnownCalls({CALLS[0]: facts(NUMBER), CALLS[1]: facts("+15550000000")})

some = st.frozensets(st.sampled_from(CALLS), max_size=2)
lives = st.builds(
    Life,
    st.sampled_from([None, NOW - timedelta(days=20)]),
    st.sampled_from([None, NOW - timedelta(days=10), NOW - timedelta(days=8)]),
)
families = st.builds(
    lambda sid, sids, life, lost, beside: Family(sids | {sid}, (life,), lost, beside - sids - {sid}),
    st.sampled_from(CALLS), some, lives, st.booleans(), some,
)  # fmt: skip
books = st.dictionaries(st.sampled_from(CALLS), families).map(lambda known: KnownCalls(BOOK.known, known))


def listed(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=3)


matches = st.fixed_dictionaries(
    {},
    optional={
        "recording_sid": listed([*RECORDINGS, f"RE{'AB' * 16}", "REnonsense"]),
        "call_sid": listed(CALLS),
        "source": listed(["OutboundAPI", "Conference"]),
        "number": st.just([NUMBER]),
        "min_duration": st.just("30s"),
    },
)
sids_alone = st.fixed_dictionaries({"recording_sid": listed(RECORDINGS)}) | st.fixed_dictionaries(
    {"call_sid": listed(CALLS)}
)
holds = st.lists(st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.one_of(matches, sids_alone)), max_size=8)


@dataclass(frozen=True)
class AnyRow:
    """A row as it may come: of recordings the service gives SIDs, and the index relies on none."""

    sid: str
    call_sid: str | None
    source: str
    duration: int | None
    date_created: datetime | None
    conference_sid: str | None = None
    status: str = "completed"
    channels: int | None = 1


rows = st.builds(
    AnyRow,
    sid=st.sampled_from([*RECORDINGS, f"RE{'AB' * 16}", "RE1", "no SID", ""]),
    call_sid=st.sampled_from([*CALLS, None]),
    source=st.sampled_from(["OutboundAPI", "Conference", "odd", ""]),
    duration=st.sampled_from([None, 10, 60]),
    date_created=st.sampled_from([None, NOW - timedelta(days=9)]),
)


@given(holds, st.lists(rows, max_size=3), books)
def test_an_index_says_what_its_holds_say(
    named: list[tuple[str, dict[str, Any]]], some: list[AnyRow], book: KnownCalls
) -> None:
    every = [Hold.read(name, {"match": match}) for name, match in named]
    index = HoldIndex(every)
    for row in some:
        assert index.keeping(row, book) == held_by(every, row, book, None).holds


def test_a_thousand_that_name_recordings_ask_nothing_of_a_row_but_its_sid() -> None:
    class OnlySid:
        sid = RECORDINGS[2]

    every = [Hold.read(f"h{n}", {"match": {"recording_sid": [f"RE{n:032x}"]}}) for n in range(1000)]
    assert HoldIndex(every).keeping(OnlySid(), BOOK) == ("h2",)  # type: ignore[arg-type] # that is what is tried


def test_the_legs_of_a_thousand_named_calls_are_asked_for_once() -> None:
    asked: list[frozenset[str]] = []

    class Asked(KnownCalls):
        def family(self, call_sids: frozenset[str]) -> Family:
            asked.append(call_sids)
            return super().family(call_sids)

    index = HoldIndex(Hold.read(f"h{n}", {"match": {"call_sid": [f"CA{n:032x}"]}}) for n in range(1000))
    for number in (2, 2000, 3):
        keeping = index.keeping(recording(number), Asked())
        assert keeping == (() if number == 2000 else (f"h{number}",))
    assert len(asked) == 1000


def test_a_leg_that_cannot_be_asked_for_is_asked_for_again() -> None:
    class Failing(KnownCalls):
        def family(self, call_sids: frozenset[str]) -> Family:
            raise ConnectionFailedError("no answer", operation="fetchCall", where="the API")

    index = HoldIndex([Hold.read("x", {"match": {"call_sid": [CALLS[0]]}})])
    for _ in range(2):
        with pytest.raises(ConnectionFailedError):
            index.keeping(recording(1), Failing())
    book = KnownCalls(families={CALLS[0]: Family(frozenset(CALLS[:2]))})
    assert index.keeping(recording(1), book) == ("x",)
