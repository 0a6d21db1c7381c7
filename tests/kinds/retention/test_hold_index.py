"""Many holds asked at once say what each of them says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.kinds.retention.rows import NOW, KnownCalls, NoCalls, facts, recording
from voiceform.kinds.retention.hold_index import HoldIndex
from voiceform.kinds.retention.matching.legs import Calls, Family, Life
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import Hold, Policy, Rule, Ruling, held_by
from voiceform.twilio.errors import ConnectionFailedError
from voiceform.twilio.resources import Recording

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


class Counted:
    """A row, and how often each of its members was asked for."""

    def __init__(self, row: Recording) -> None:
        self._row = row
        self.asked: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        self.asked[name] += 1
        return getattr(self._row, name)


@given(holds, st.lists(rows, max_size=3), books)
def test_an_index_says_what_its_holds_say(
    named: list[tuple[str, dict[str, Any]]], some: list[AnyRow], known: Calls
) -> None:
    every = [Hold.read(name, {"match": match}) for name, match in named]
    index = HoldIndex(every)
    # Nobody looked up calls when it was asked first; what was looked up once does not change.
    for book in (NoCalls(), known):
        for row in some:
            says = [(place, hold.match.test(row, book)) for place, hold in enumerate(every)]
            met = [(place, truth) for place, truth in says if truth is not Truth.NO]
            names = tuple(dict.fromkeys(every[place].name for place, _ in met))
            assert index.meeting(row, book) == met
            assert index.keeping(row, book) == names
            ruling = Ruling.HELD if met else Ruling.DUE
            if Truth.NEEDED in {truth for _, truth in met}:
                ruling, names = Ruling.NEEDED, ()
            decision = held_by(index, row, book, "old")
            assert (decision.ruling, decision.holds) == (ruling, names)


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


@pytest.mark.parametrize("source", ["OutboundAPI", "Conference"])
@pytest.mark.parametrize("criterion", ["recording_sid", "call_sid"])
def test_a_row_is_judged_under_a_thousand_holds_as_under_one(criterion: str, source: str) -> None:
    """Counted is how often the row is asked; not the time that it takes."""
    row = Counted(recording(2000, source=source))
    every = [
        Hold.read(f"h{n}", {"match": {criterion: [f"{'RE' if 'rec' in criterion else 'CA'}{n:032x}"]}})
        for n in range(1000)
    ]
    policy = Policy((Rule.read("old", {"match": {}, "keep": "1d"}, NOW),), tuple(every))
    book = KnownCalls()
    policy.decide(row, book)
    row.asked.clear()
    assert policy.decide(row, book).ruling is Ruling.DUE
    assert max(row.asked.values()) <= 3


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
