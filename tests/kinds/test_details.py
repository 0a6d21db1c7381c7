"""What only kinds read in their changes: what is written is read back, what is no such thing is refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.call.details import CallDetails, DueCall, PlacedCall
from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.conference.steps import ADD, SET, UPDATE, Step, Visit
from voiceform.kinds.details import Details, NoDetails
from voiceform.kinds.retention.details import DeletionOrder, NamedRule, RuleDetails
from voiceform.kinds.retention.figures import Total
from voiceform.kinds.retention.sid_chunks import Chunk
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change

moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
texts = st.text(min_size=1, max_size=12)
keys = st.builds(Key, moments, texts, st.integers(1, 9))
placed = st.lists(st.builds(PlacedCall, keys, texts), max_size=2).map(tuple)
calls = st.builds(
    CallDetails, st.lists(st.builds(DueCall, keys, moments), max_size=2).map(tuple), placed, placed, placed
)

steps = st.one_of(
    st.builds(lambda who, label: Step(ADD, who, {"to": "+1", "from_": "+2", "label": label}), texts, texts),
    st.builds(lambda who, muted: Step(SET, who, {"muted": muted}), texts, st.booleans()),
    st.builds(lambda digest: Step(UPDATE, parameters={"status": "completed"}, digest=digest), texts),
)


@st.composite
def visits(draw: st.DrawFn) -> Visit:
    found = tuple(draw(st.lists(steps, min_size=1, max_size=3)))
    labels = {step.participant: (step.participant, "x") for step in found if step.participant}
    room, people = draw(st.one_of(st.none(), texts)), draw(st.integers(0, 9))
    return Visit(draw(texts), draw(texts), room, people, labels, found)


sids = st.lists(st.binary(min_size=16, max_size=16).map(bytes.hex), min_size=1, max_size=3)
chunks = st.builds(Chunk, moments, moments, st.integers(0, 9), sids.map("".join))


@st.composite
def orders(draw: st.DrawFn) -> RuleDetails:
    found = tuple(draw(st.lists(chunks, max_size=3)))
    moment = st.one_of(st.none(), moments)
    months = draw(st.dictionaries(texts, st.integers(0, 9), max_size=2))
    total = Total(sum(map(len, found)), draw(st.integers(0, 9)), draw(moment), draw(moment), months)
    rule = st.builds(NamedRule, texts, st.just({"keep": "90d", "match": {}, "order": 1}))
    rules = draw(st.one_of(st.none(), st.lists(rule, max_size=2).map(tuple)))
    return RuleDetails(DeletionOrder(total, draw(moments), draw(moment), draw(texts), found, rules))


def change(details: Any, **counts: int) -> Change:
    return Change(Address("queue", "x"), Action.UPDATE, "changed", counts=counts, details=details)


@given(
    st.one_of(calls, visits(), orders(), st.just(NoDetails()), st.just(RuleDetails()), st.just(Visit("", "")))
)
def test_what_is_written_is_read_back(details: Details) -> None:
    document = json.loads(json.dumps(details.to_document()))
    count = details.order.total.count if isinstance(details, RuleDetails) and details.order else 0
    assert type(details).of(change(document, deleted=count)) == details


SID, DAY = "0" * 32, "2026-01-02T00:00:00Z"
CHUNK = {"from": DAY, "to": DAY, "rows": 1, "sids": SID}
ORDER: dict[str, Any] = {
    "count": 1,
    "minutes": 1,
    "oldest": DAY,
    "newest": DAY,
    "months": {"2026-01": 1},
    "as_of": {"planned_at": DAY, "created_until": None},
    "evidence": "evidence",
    "chunks": [CHUNK],
}
RULE = {"name": "all", "rule": {"keep": "90d", "match": {}, "order": 1}}
DUE = {"occurrence": DAY, "to": "+15558675310", "attempt": 1, "since": DAY}
PHONE = {"operation": ADD, "participant": "b", "parameters": {"to": "+1", "from_": "+2", "label": "l"}}
VISIT: dict[str, Any] = {
    "document": "x.xml",
    "name": "x",
    "room": None,
    "people": 0,
    "labels": {"b": ["l"]},
    "steps": [PHONE],
}

DAMAGED: dict[str, tuple[type[Details], Any, str]] = {
    "a queue that carries something": (NoDetails, {"x": 1}, "nobody reads x"),
    "no SID": (RuleDetails, {**ORDER, "chunks": [{**CHUNK, "sids": SID[1:]}]}, "not the digits of SIDs"),
    "a part of a SID": (
        RuleDetails,
        {**ORDER, "chunks": [{**CHUNK, "sids": SID[2:]}]},
        "not the digits of SIDs",
    ),
    "one SID more": (RuleDetails, {**ORDER, "chunks": [CHUNK, CHUNK]}, "another number of objects"),
    "a SID in another spelling": (
        RuleDetails,
        {**ORDER, "chunks": [{**CHUNK, "sids": f"{SID[:-2]} {SID[-2:]}"}]},
        "not the digits of SIDs",
    ),
    **{
        f"digits that are none, {odd!r}": (
            RuleDetails,
            {**ORDER, "chunks": [{**CHUNK, "sids": odd * 32}]},
            "not the digits of SIDs",
        )
        for odd in ("A", "g", " ", "١", "\x00")
    },
    "rows below none": (RuleDetails, {**ORDER, "chunks": [{**CHUNK, "rows": -1}]}, "rows is not a number"),
    "no instant": (RuleDetails, {**ORDER, "as_of": {"planned_at": "today", "created_until": None}}, "today"),
    "no zone": (
        RuleDetails,
        {**ORDER, "as_of": {"planned_at": "2026-01-02T00:00:00", "created_until": None}},
        "no time zone",
    ),
    "an instant in another spelling": (
        RuleDetails,
        {**ORDER, "oldest": "2026-01-02T01:00:00+01:00"},
        "otherwise",
    ),
    "a rule without a match": (
        RuleDetails,
        {**ORDER, "recording_rules": [{**RULE, "rule": {"keep": "90d"}}]},
        "it lacks match",
    ),
    "a rule that matches nobody knows what": (
        RuleDetails,
        {**ORDER, "recording_rules": [{**RULE, "rule": {"keep": "x", "match": {}}}]},
        "not a duration",
    ),
    "a truth for a number": (RuleDetails, {**ORDER, "count": True}, "count is not a number"),
    "no evidence": (RuleDetails, {**ORDER, "evidence": None}, "evidence is not a text"),
    "nobody to call": (CallDetails, {"due": [{**DUE, "to": None}]}, "to is not a text"),
    "no attempt": (CallDetails, {"due": [{**DUE, "attempt": "1"}]}, "attempt is not a number"),
    "no list": (CallDetails, {"due": DUE}, "due is not a list"),
    "an empty list": (CallDetails, {"due": []}, "otherwise"),
    "a call without a SID": (
        CallDetails,
        {"record": [{k: DUE[k] for k in ("occurrence", "to", "attempt")}]},
        "sid",
    ),
    "a request that there is not": (
        Visit,
        {**VISIT, "steps": [{**PHONE, "operation": "deleteEverything"}]},
        "is no step",
    ),
    "nobody to phone": (
        Visit,
        {**VISIT, "steps": [{k: PHONE[k] for k in ("operation", "parameters")}]},
        "nobody",
    ),
    "no label": (
        Visit,
        {**VISIT, "steps": [{**PHONE, "parameters": {"to": "+1", "from_": "+2"}}]},
        "lacks label",
    ),
    "a parameter that there is not": (
        Visit,
        {**VISIT, "steps": [{**PHONE, "parameters": {**PHONE["parameters"], "x": 1}}]},  # type: ignore[dict-item]
        "unexpected keyword",
    ),
    "nothing known of who is phoned": (Visit, {**VISIT, "labels": {}}, "it lacks b"),
    "no name of a label": (Visit, {**VISIT, "labels": {"b": []}}, "b has no label"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_what_is_no_such_thing_is_refused(case: str) -> None:
    kind, details, problem = DAMAGED[case]
    with pytest.raises(ValueError, match=problem):
        kind.of(change(details, deleted=1))


@pytest.mark.parametrize("counts", [{}, {"delete:recording": 2}, {"delete:recording": 1, "delete:x": 1}])
def test_what_is_deleted_is_what_limits_are_held_against(counts: dict[str, int]) -> None:
    assert RuleDetails.of(change(ORDER, deleted=1)).order is not None
    with pytest.raises(ValueError, match="than it counts"):
        RuleDetails.of(change(ORDER, **counts))
    with pytest.raises(ValueError, match="than it counts"):
        RuleDetails.of(change({}, deleted=1))
