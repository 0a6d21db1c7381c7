"""Many holds asked at once say what each of them says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.kinds.retention.rows import NOW, KnownCalls, NoCalls, facts, recording
from voiceform.kinds.retention.hold_index import HoldIndex
from voiceform.kinds.retention.hold_tally import HoldTally
from voiceform.kinds.retention.matching.legs import CallFacts, Calls, Family, Leg, Life
from voiceform.kinds.retention.matching.parties import Parties
from voiceform.kinds.retention.matching.party_index import PartyIndex
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.matching.truth import some as one_of
from voiceform.kinds.retention.policy import Hold, Policy, Rule, Ruling, held_by
from voiceform.kinds.retention.spans import Spans
from voiceform.model.instants import instant_to_text
from voiceform.twilio.errors import ConnectionFailedError
from voiceform.twilio.resources import Recording

RECORDINGS = [f"RE{number:032x}" for number in range(4)]
CALLS = [f"CA{number:032x}" for number in range(4)]
ROOMS = [f"CF{number:032x}" for number in range(2)]
NUMBER = "+15558675310"
PARTIES = [NUMBER, "+15550675310", "+442079460018", "sip:anna@example.com", "client:Anna"]
SPELT = [
    *PARTIES, "5558675310", "(555) 867-5310", "0044 20 7946 0018", "sip:+15558675310@x.example",
    "client:anna", "anonymous", "", "+266696687", "+1555867531", "sips:ANNA@EXAMPLE.COM:5061",
]  # fmt: skip
SIDES = ("from", "to", "number")
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
spelt = st.sampled_from(SPELT)
legs = st.builds(
    Leg, st.sampled_from(CALLS), spelt, spelt, st.sampled_from(["inbound", "outbound-dial", "new"])
)
told = st.builds(
    CallFacts, legs,
    others=st.lists(legs, max_size=2).map(tuple), beside=st.lists(legs, max_size=1).map(tuple),
    complete=st.booleans(),
)  # fmt: skip
books = st.builds(
    KnownCalls,
    st.dictionaries(st.sampled_from(CALLS), told),
    st.dictionaries(st.sampled_from(CALLS), families),
)
dates = st.integers(7, 11).map(lambda days: NOW - timedelta(days=days))


def listed(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=3)


matches = st.fixed_dictionaries(
    {},
    optional={
        "recording_sid": listed([*RECORDINGS, f"RE{'AB' * 16}", "REnonsense"]),
        "call_sid": listed(CALLS),
        "source": listed(["OutboundAPI", "Conference"]),
        "conference_sid": listed(ROOMS),
        "direction": listed(["inbound", "outbound-dial"]),
        "from": listed(PARTIES),
        "to": listed(PARTIES),
        "number": listed(PARTIES),
        "min_duration": st.just("30s"),
        "created": st.fixed_dictionaries(
            {}, optional={"start": dates.map(instant_to_text), "end": dates.map(instant_to_text)}
        ),
    },
)
one_key = st.sampled_from(["from", "to", "number", "direction", "conference_sid", "created"]).flatmap(
    lambda key: matches.filter(lambda match: key in match).map(lambda match: {key: match[key]})
)
sids_alone = st.fixed_dictionaries({"recording_sid": listed(RECORDINGS)}) | st.fixed_dictionaries(
    {"call_sid": listed(CALLS)}
)
holds = st.lists(
    st.tuples(st.sampled_from(["a", "b", "c", "d"]), st.one_of(matches, sids_alone, one_key)), max_size=8
)


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
    conference_sid=st.sampled_from([None, None, *ROOMS, "CF1"]),
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
            found = index.meeting(row, book)
            assert ([] if found is None else found.each()) == met
            assert index.keeping(row, book) == names
            ruling = Ruling.HELD if met else Ruling.DUE
            if Truth.NEEDED in {truth for _, truth in met}:
                ruling, names = Ruling.NEEDED, ()
            decision = held_by(index, row, book, "old")
            assert (decision.ruling, decision.holds) == (ruling, names)


@given(holds, st.lists(rows, max_size=6), books)
def test_a_tally_counts_each_row_once_for_each_name(
    named: list[tuple[str, dict[str, Any]]], some: list[AnyRow], known: Calls
) -> None:
    every = [Hold.read(name, {"match": match}) for name, match in named]
    for book in (NoCalls(), known):
        tally = HoldTally(every)
        expected: Counter[tuple[str, Truth]] = Counter()
        for row in some:
            tally.add(row, book)
            answers: dict[str, list[Truth]] = {}
            for hold in every:
                answers.setdefault(hold.name, []).append(hold.match.test(row, book))
            expected.update((name, truth) for name, said in answers.items() if (truth := one_of(said)))
        assert tally.counts() == expected


@given(
    st.lists(st.lists(st.sampled_from(SPELT) | st.text(max_size=12), max_size=2), max_size=5),
    spelt | st.text(),
)
@example([["5558675310"]], "sip:+15558675310@x.example")
@example([["+15558675310"]], "sip:5558675310@x.example")
def test_who_asks_for_a_number_is_found_by_every_spelling_of_it(asked: list[list[str]], value: str) -> None:
    parties = [Parties.of(texts) for texts in asked]
    found = PartyIndex((item, place) for place, item in enumerate(parties)).meeting(value)
    for place, item in enumerate(parties):
        answer = item.test(value)
        assert found is not None or answer is not Truth.NO
        assert answer is Truth.NO or found is None or place in found


asked_for = st.fixed_dictionaries(
    {},
    optional={
        "direction": listed(["inbound", "outbound-dial"]).filter(bool),
        **{side: st.lists(st.sampled_from(PARTIES), min_size=1, max_size=2) for side in SIDES},
    },
).filter(bool)


@given(st.lists(asked_for, min_size=1, max_size=4), told, st.sampled_from(["OutboundAPI", "Conference"]))
def test_numbers_are_told_as_each_hold_tells_them(
    matches: list[dict[str, Any]], known: CallFacts, source: str
) -> None:
    every = [Hold.read(f"h{number}", {"match": match}) for number, match in enumerate(matches)]
    row = AnyRow(RECORDINGS[0], CALLS[0], source, 10, NOW)
    book = KnownCalls({CALLS[0]: known})
    says = [(place, hold.match.test(row, book)) for place, hold in enumerate(every)]
    found = HoldIndex(every).meeting(row, book)
    assert ([] if found is None else found.each()) == [said for said in says if said[1] is not Truth.NO]


@given(
    st.lists(st.lists(st.sampled_from(CALLS), min_size=1, max_size=2), min_size=1, max_size=3),
    st.fixed_dictionaries(dict.fromkeys(CALLS[:3], families)),
    st.sampled_from(CALLS),
    st.sampled_from(["OutboundAPI", "Conference"]),
)
def test_named_calls_are_told_as_each_hold_tells_them(
    named: list[list[str]], known: dict[str, Family], sid: str, source: str
) -> None:
    """Also those of whose legs some are lost."""
    every = [Hold.read(f"h{number}", {"match": {"call_sid": sids}}) for number, sids in enumerate(named)]
    row = AnyRow(RECORDINGS[0], sid, source, 10, NOW - timedelta(days=9))
    book = KnownCalls({}, known)
    says = [(place, hold.match.test(row, book)) for place, hold in enumerate(every)]
    found = HoldIndex(every).meeting(row, book)
    assert ([] if found is None else found.each()) == [said for said in says if said[1] is not Truth.NO]


@pytest.mark.parametrize(
    ("asked", "other"),
    [
        ({"recording_sid": [RECORDINGS[0]]}, {"recording_sid": [RECORDINGS[1]]}),
        ({"call_sid": [CALLS[0]]}, {"call_sid": [CALLS[1]]}),
        ({"conference_sid": [ROOMS[0]]}, {"conference_sid": [ROOMS[1]]}),
        ({"number": [NUMBER]}, {"number": [PARTIES[1]]}),
    ],
)
@pytest.mark.parametrize(
    ("met", "missed"),
    [
        ({"source": ["OutboundAPI"]}, {"source": ["Conference"]}),
        ({"min_duration": "5s"}, {"min_duration": "30s"}),
        ({"created": {"end": instant_to_text(NOW)}}, {"created": {"start": instant_to_text(NOW)}}),
    ],
)
def test_who_is_found_by_what_is_named_has_to_meet_the_rest_too(
    asked: dict[str, Any], other: dict[str, Any], met: dict[str, Any], missed: dict[str, Any]
) -> None:
    room = None if "number" in asked else ROOMS[0]  # who is in a room, nobody knows
    row = AnyRow(RECORDINGS[0], CALLS[0], "OutboundAPI", 10, NOW - timedelta(days=9), room)
    for mine, expected in (({**asked, **missed}, ()), ({**asked, **met}, ("mine",))):
        holds = [Hold.read("mine", {"match": mine}), Hold.read("other", {"match": {**other, **met}})]
        assert HoldIndex(holds).keeping(row, KnownCalls({CALLS[0]: facts(NUMBER)})) == expected


def hour(number: int) -> str:
    return instant_to_text(NOW - timedelta(days=200, hours=number))


def since(number: int) -> dict[str, Any]:
    """A number that nobody has, and dates that begin and end each at another time."""
    return {"number": [f"+1555{number:07d}"], "created": {"start": hour(number), "end": hour(-number)}}


IN_CALL = {"number": [NUMBER]}
"""By whoever is on the call, whatever else the row is asked."""


def test_holds_that_ask_more_of_the_row_are_told_from_those_that_ask_nothing() -> None:
    every = [
        Hold.read("a", {"match": IN_CALL}),
        Hold.read("b", {"match": {**IN_CALL, "source": ["DialVerb"]}}),
    ]
    for source, names in (("OutboundAPI", ("a",)), ("DialVerb", ("a", "b"))):
        for ordered in (every, every[::-1]):
            row = AnyRow(RECORDINGS[0], CALLS[0], source, 10, NOW)
            assert set(HoldIndex(ordered).keeping(row, BOOK)) == set(names)


def test_unless_one_is_enough_all_are_told_for_which_a_call_is_needed() -> None:
    rooms = {**IN_CALL, "source": ["OutboundAPI"]}
    index = HoldIndex([Hold.read("a", {"match": IN_CALL}), Hold.read("b", {"match": rooms})])
    row = AnyRow(RECORDINGS[0], CALLS[0], "OutboundAPI", 10, NOW)
    whole, one = index.meeting(row, NoCalls()), index.meeting(row, NoCalls(), whole=False)
    assert whole is not None
    assert one is not None
    assert whole.each() == [(0, Truth.NEEDED), (1, Truth.NEEDED)]
    assert (one.is_needed, len(one.rest)) == (True, 1)


@pytest.mark.parametrize(
    "missed", [{"source": ["DialVerb"]}, {"created": {"end": hour(0)}}, {"source": ["DialVerb"], **since(0)}]
)
def test_no_call_is_asked_about_of_a_row_that_misses_the_rest(missed: dict[str, Any]) -> None:
    book = KnownCalls({CALLS[0]: facts(NUMBER)})
    index = HoldIndex([Hold.read("a", {"match": {**missed, **IN_CALL}})])
    assert index.meeting(AnyRow(RECORDINGS[0], CALLS[0], "OutboundAPI", 10, NOW), book) is None
    assert book.asked == []


def test_a_row_counts_once_for_a_name_that_many_different_holds_have() -> None:
    asked = [{"source": ["DialVerb"]}, {"min_duration": "5s"}, {"status": ["completed"]}]
    tally = HoldTally(Hold.read("a", {"match": match}) for match in asked)
    tally.add(AnyRow(RECORDINGS[0], CALLS[0], "OutboundAPI", 10, NOW), NoCalls())
    assert tally.counts() == {("a", Truth.YES): 1}


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize("hidden", ["from", "to"])
@pytest.mark.parametrize("at", [0, 1])
def test_who_is_on_a_leg_that_cannot_be_read_may_be_anybody(side: str, hidden: str, at: int) -> None:
    """Also where the other leg can be read."""
    shown = Leg(CALLS[0], "+442079460018", "+442079460018", "outbound-dial")
    ends = {"from": "+442079460018", "to": "+442079460018", hidden: "anonymous"}
    other = Leg(CALLS[1], ends["from"], ends["to"], "outbound-dial")
    first, second = (shown, other) if at else (other, shown)
    book = KnownCalls({CALLS[0]: CallFacts(first, others=(second,), beside=(), complete=True)})
    index = HoldIndex([Hold.read("a", {"match": {side: [NUMBER]}})])
    row = AnyRow(RECORDINGS[0], CALLS[0], "OutboundAPI", 10, NOW)
    met = index.meeting(row, book)
    told = [] if met is None else met.each()
    assert told == ([(0, Truth.UNKNOWN)] if side in (hidden, "number") else [])


moments = st.none() | st.integers(0, 20).map(lambda hours: NOW + timedelta(hours=hours))


@given(st.lists(st.tuples(moments, moments), max_size=12), st.integers(0, 20), st.integers(0, 5))
def test_spans_are_found_that_meet_one(
    spans: list[tuple[datetime | None, datetime | None]], start: int, length: int
) -> None:
    first, last = NOW + timedelta(hours=start), NOW + timedelta(hours=start + length)
    found = Spans((begun, over, place) for place, (begun, over) in enumerate(spans)).meeting(first, last)
    assert sorted(found) == [
        place
        for place, (begun, over) in enumerate(spans)
        if (begun is None or begun <= last) and (over is None or over >= first)
    ]


@example([(NOW, NOW + timedelta(hours=4)), (NOW + timedelta(hours=5), NOW + timedelta(hours=3))], [11, 7])
@example([(NOW, NOW), (NOW + timedelta(hours=3), NOW + timedelta(hours=5))], [12, 8])
@given(st.lists(st.tuples(moments, moments), max_size=12), st.lists(st.integers(-2, 44), max_size=12))
def test_spans_say_whether_they_cover_a_moment_whatever_they_were_asked_before(
    spans: list[tuple[datetime | None, datetime | None]], asked: list[int]
) -> None:
    among = Spans((begun, over, None) for begun, over in spans)
    for halves in asked:
        moment = NOW + timedelta(minutes=30 * halves)
        assert among.covers(moment) == any(
            (begun is None or begun <= moment) and (over is None or moment <= over) for begun, over in spans
        )


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


CRITERIA: dict[str, Callable[[int], dict[str, Any]]] = {
    "recording_sid": lambda n: {"recording_sid": [f"RE{n:032x}"]},
    "call_sid": lambda n: {"call_sid": [f"CA{n:032x}"]},
    "conference_sid": lambda n: {"conference_sid": [f"CF{n:032x}"]},
    "number": lambda n: {"number": [f"+1555{n:07d}"]},
    "from and direction": lambda n: {"from": [f"+1555{n:07d}"], "direction": ["inbound"]},
    "dates": lambda n: {"created": {"start": hour(n + 1), "end": hour(n)}},
    "hours": lambda n: {"created": {"start": hour(n - 2900), "end": hour(n - 2901)}},  # some about the row's
    "ends before": lambda n: {"created": {"end": hour(n)}},
    "begins later": lambda n: {"created": {"start": hour(-2500 - n)}},
    "number and dates": since,
    "call_sid and dates": lambda n: {"call_sid": [f"CA{n:032x}"], "created": {"start": hour(n)}},
    "source": lambda _: {"source": ["DialVerb"], "status": ["completed"]},
    "source and length": lambda n: {"source": ["DialVerb"], "min_duration": f"{n % 7 + 1}s"},
}


@pytest.mark.parametrize("source", ["OutboundAPI", "Conference"])
@pytest.mark.parametrize("criterion", CRITERIA)
@pytest.mark.parametrize("looked_up", [True, False])
def test_a_row_is_judged_under_a_thousand_holds_as_under_one(
    looked_up: bool, criterion: str, source: str
) -> None:
    """Counted is how often the row is asked; not the time that it takes."""
    row = Counted(recording(2000, source=source))
    every = [Hold.read(f"h{n}", {"match": CRITERIA[criterion](n)}) for n in range(1000)]
    policy = Policy((Rule.read("old", {"match": {}, "keep": "1d"}, NOW),), tuple(every))
    book: Calls = KnownCalls({row.call_sid: facts("+442079460018")}) if looked_up else NoCalls()
    expected = {hold.match.test(row, book) for hold in every} - {Truth.NO}
    policy.decide(row, book)
    row.asked.clear()
    ruling = policy.decide(row, book).ruling
    assert (ruling is Ruling.NEEDED) == (Truth.NEEDED in expected)
    assert (ruling is Ruling.DUE) == (not expected)
    if ruling is not Ruling.HELD or "dates" not in criterion:  # who is kept by many is told by whom
        assert max(row.asked.values()) <= 60


@pytest.mark.parametrize("criterion", ["number", "source", "call_sid"])
def test_rows_are_counted_under_a_thousand_holds_as_under_one(criterion: str) -> None:
    """Also those that no rule would delete, whose calls nobody looks up."""
    row = Counted(recording(2000, source="DialVerb"))
    tally = HoldTally(Hold.read(f"h{n}", {"match": CRITERIA[criterion](n)}) for n in range(1000))
    for _ in range(5):
        tally.add(row, NoCalls())
    assert max(row.asked.values()) <= 5 * 3
    truth = Truth.YES if criterion == "source" else Truth.NEEDED
    assert tally.counts() == {(f"h{n}", truth): 5 for n in range(1000)}


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
