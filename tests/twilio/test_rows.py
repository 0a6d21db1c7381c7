from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.twilio.scripted import sid
from voiceform.twilio.fields import MalformedAnswerError
from voiceform.twilio.resources import Call, Queue, Recording
from voiceform.twilio.rows import PageReader, TypedRow, column

DATE = "Tue, 31 Aug 2010 20:36:28 +0000"
QUEUE = {
    "sid": sid("QU", 1), "friendly_name": "Sales", "max_size": 100, "current_size": 0, "average_wait_time": 0,
    "account_sid": sid("AC", 1), "date_created": DATE, "date_updated": DATE, "uri": "/x", "more": {"a": [1]},
}  # fmt: skip
CALL = {
    "sid": sid("CA", 1), "status": "completed", "to": "+15558675310", "from": "+15017122661",
    "direction": "inbound", "account_sid": sid("AC", 1), "parent_call_sid": sid("CA", 2),
    "phone_number_sid": "", "duration": "12", "queue_time": "0", "price": "-0.03", "price_unit": "USD",
    "answered_by": None, "caller_name": "", "forwarded_from": None, "group_sid": None, "start_time": DATE,
    "end_time": DATE, "date_created": DATE, "date_updated": DATE, "uri": "/x", "subresource_uris": {"a": "b"},
}  # fmt: skip
RECORDING = {
    "sid": sid("RE", 1), "status": "completed", "source": "DialVerb", "account_sid": sid("AC", 1),
    "call_sid": sid("CA", 1), "conference_sid": None, "channels": 2, "duration": "-1", "track": None,
    "price": None, "price_unit": "USD", "error_code": None, "encryption_details": {"public_key_sid": "x"},
    "start_time": DATE, "date_created": DATE, "date_updated": DATE, "uri": "/x", "media_url": "https://x/ü",
}  # fmt: skip
LISTS: dict[str, tuple[type[Any], dict[str, Any]]] = {
    "queues": (Queue, QUEUE),
    "calls": (Call, CALL),
    "recordings": (Recording, RECORDING),
}
READERS: dict[str, PageReader[Any]] = {key: PageReader(row, key) for key, (row, _) in LISTS.items()}
NUMBERS: list[Any] = [
    "12", "-1", "012", "1.0", "1.00", "1.5", "1e3", "1_0", " 12", "+5", "٣", "9" * 18, "9" * 19,
    "12\n", "12\n12", 0, 7, -1, -2, 7.0, 7.5, 1e22, -0.0, 2**70,
]  # fmt: skip
SIDS: list[Any] = [
    sid("QU", 1), sid("CA", 3), sid("RE", 5), sid("CF", 4), sid("CA", 3).upper(), sid("RE", 10).upper(),
    sid("CA", 3) + "\n", sid("CA", 3) + "\n" + sid("CA", 4), sid("RE", 3) + "\n" + sid("RE", 4),
    "CA" + "g" * 32, sid("CA", 3)[:-1],
]  # fmt: skip
ODD: list[Any] = [
    None, "", " ", "\n", "x", "null", "true", True, False, [], [1], {}, {"a": None}, DATE, *NUMBERS, *SIDS,
    "2026-01-01T00:00:00Z", "Tue, 31 Aug 1910 20:36:28 +0000", "ÿ", "\x00",
    "\ud800", "\udc00", "a\udfffb", "\ud800a", "\ud800\ud800", "\udc00\ud800", "\U0001f600", "\ud83d\ude00",
]  # fmt: skip


def seen(row: Any) -> dict[str, Any]:
    """All that a row says."""
    names = [name for name in dir(type(row)) if not name.startswith(("_", "told_"))]
    values = {name: getattr(row, name) for name in names}
    return {name: (type(value), value) for name, value in values.items() if not callable(value)}


def both(key: str, body: bytes) -> tuple[list[Any] | None, list[Any] | None]:
    """What the quick way and the careful way make of a page; None for one that is left, or refused."""
    row: type[Any] = LISTS[key][0]
    quick = READERS[key].read(body)
    try:
        document = json.loads(body)
        careful = [seen(row.parse(item)) for item in document[key]]
        careful.append(document.get("next_page_uri"))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, MalformedAnswerError):
        return quick and [*map(seen, quick[0]), quick[1]], None
    return quick and [*map(seen, quick[0]), quick[1]], careful


def page(key: str, *rows: Any, **more: Any) -> bytes:
    return json.dumps({"next_page_uri": "/x?y", **more, key: rows}).encode()


@pytest.mark.parametrize("key", LISTS)
@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_page_as_the_api_describes_it_is_read_at_once(key: str, count: int) -> None:
    quick, careful = both(key, page(key, *[LISTS[key][1]] * count))
    assert quick is not None
    assert quick == careful


@pytest.mark.parametrize("key", LISTS)
def test_every_odd_value_is_read_or_refused_alike(key: str) -> None:
    whole = LISTS[key][1]
    for name in (*whole, "something_new"):
        for value in ODD:
            changed = {**whole, name: value}
            for rows in ([changed], [whole, changed], [changed, whole]):
                quick, careful = both(key, page(key, *rows))
                assert quick is None or quick == careful, (name, value)
        quick, careful = both(key, page(key, {n: value for n, value in whole.items() if n != name}))
        assert quick is None or quick == careful, name
        assert (careful is None) == (name == "sid")


@pytest.mark.parametrize("key", LISTS)
@given(data=st.data())
def test_two_values_of_one_column_do_not_make_up_for_each_other(key: str, data: st.DataObject) -> None:
    whole = LISTS[key][1]
    name = data.draw(st.sampled_from(sorted(whole)))
    rows = [{**whole, name: data.draw(st.sampled_from(ODD))} for _ in range(data.draw(st.integers(1, 4)))]
    quick, careful = both(key, page(key, *rows))
    assert quick is None or quick == careful


@pytest.mark.parametrize("key", LISTS)
@given(data=st.data())
def test_a_column_is_what_its_rows_say(key: str, data: st.DataObject) -> None:
    kind, whole = LISTS[key]
    told = [name.removeprefix("told_") for name in kind.__struct_fields__ if name.startswith("told_")]
    name = data.draw(st.sampled_from(told))
    read = READERS[key].read(
        page(key, *[{**whole, name: odd} for odd in data.draw(st.lists(st.sampled_from(ODD), max_size=4))])
    )
    own = {"from": "from_"}.get(name, name)
    if read is not None:
        assert column(read[0], own) == [getattr(row, own) for row in read[0]]


@pytest.mark.parametrize("key", LISTS)
@given(data=st.data())
def test_no_changed_byte_is_read_otherwise(key: str, data: st.DataObject) -> None:
    body = bytearray(page(key, LISTS[key][1], LISTS[key][1]))
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(body) - 1))
        part = data.draw(
            st.binary(max_size=3) | st.sampled_from([b'"', b"\\", b"{", b"}", b",", b"\xff", b"1e9"])
        )
        body[at : at + data.draw(st.integers(0, 3))] = part
    quick, careful = both(key, bytes(body))
    assert quick is None or quick == careful


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"recordings": null}',
        b'{"recordings": {}}',
        b'{"recordings": [null]}',
        b'{"recordings": [[]]}',
        b'{"recordings": [], "next_page_uri": 7}',
        b'{"recordings": [], "next_page_uri": ["x"]}',
        b'\xef\xbb\xbf{"recordings": []}',
        '{"recordings": []}'.encode("utf-16"),
        b'{"recordings": [], "more": "\xff"}',
        b'{"recordings": [], "more": "\xed\xa0\x80"}',
        b'{"recordings": [], "more": "\\ud800"}',
        b'{"recordings": [], "more": NaN}',
        b'{"recordings": []',
        b'{"recordings": []} x',
        b'{"recordings": [], "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_plain_page_is_left_to_whoever_says_what_is_wrong(body: bytes) -> None:
    assert READERS["recordings"].read(body) is None


def test_the_last_of_two_members_of_one_name_counts_in_both_ways() -> None:
    row = json.dumps(RECORDING)
    body = b'{"recordings": [%s]}' % f'{row[:-1]}, "status": "failed", "duration": 7}}'.encode()
    quick, careful = both("recordings", body)
    assert quick is not None
    assert quick == careful
    assert quick[0]["duration"] == (int, 7)


def test_rows_can_neither_be_changed_nor_tell_who_was_called() -> None:
    row: TypedRow = Call.parse(CALL)
    with pytest.raises(AttributeError):
        row.sid = "x"  # type: ignore[misc]
    assert "5310" not in repr(row)
    assert "2661" not in repr(row)
    assert "status='completed'" in repr(row)
