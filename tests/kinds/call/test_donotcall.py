"""Who must not be called is not called, however the list spells it; a list in doubt stops everybody."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.call.dialling.donotcall import DoNotCallError, ListSpec
from voiceform.kinds.call.dialling.list_files import DoNotCallList
from voiceform.kinds.userfiles import Places

ANN, BOB = "+12125550101", "+12125550102"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)


def held(folder: Path, content: str, number: str = ANN, now: datetime = NOW, **settings: Any) -> bool:
    (folder / "dnc").write_text(content, encoding="utf-8")
    spec = ListSpec.of({"file": "dnc", **settings})
    return bool(DoNotCallList(Places(folder), (spec,)).refusal(number, now))


def refused(folder: Path, content: str, now: datetime = NOW, **settings: Any) -> str:
    with pytest.raises(DoNotCallError) as caught:
        held(folder, content, now=now, **settings)
    assert "212" not in str(caught.value).replace(str(folder), "")
    return caught.value.what


SPELLINGS = [
    ANN,
    "12125550101",
    "+1 (212) 555-0101",
    "+1.212.555.0101",
    "tel:+12125550101",
    "sip:+12125550101@pbx.example.com",
    "SIP:12125550101@10.0.0.1;user=phone",
    "sips:%2B12125550101@pbx.example.com",
    '"+12125550101"',
]


@pytest.mark.parametrize("entry", SPELLINGS)
def test_every_spelling_is_the_same_person(tmp_path: Path, entry: str) -> None:
    assert held(tmp_path, f"# a list\n{BOB}\n{entry}, asked us on Monday\n")
    assert not held(tmp_path, f"{entry}\n", "+13105550101")


@pytest.mark.parametrize("to", ["sip:+12125550101@pbx.example.com", "sip:12125550101@sbc.example.net"])
def test_recipients_are_read_as_persons_too(tmp_path: Path, to: str) -> None:
    assert held(tmp_path, f"{ANN}\n", to)
    assert not held(tmp_path, f"{BOB}\n", to)


def test_sip_users_and_clients_are_themselves(tmp_path: Path) -> None:
    assert held(tmp_path, "sip:anna@EXAMPLE.com\n", "sip:anna@example.com")
    assert held(tmp_path, "sip:anna@example.com\n", "sips:anna@EXAMPLE.com:5061")
    assert held(tmp_path, "client:anna\n", "client:anna")
    assert not held(tmp_path, "client:anna\n", "client:Anna")


@pytest.mark.parametrize(
    "to",
    [
        "sip:2125550101@pbx.example.com",
        "sip:5550101@pbx.example.com",
        "sip:912125550101@pbx.example.com",
        "sip:0012125550101@pbx.example.com",
        "sip:212-555-0101:secret@pbx.example.com;transport=tls",
        "client:12125550101",
        "client:2125550101",
    ],
)
def test_an_address_that_dials_the_end_of_a_listed_number_is_held(tmp_path: Path, to: str) -> None:
    """Behind a telephone system nobody can tell whom it means."""
    assert held(tmp_path, f"{ANN}\n", to)
    assert held(tmp_path, "sip:2125550101@elsewhere.example.com\n", to)
    assert not held(tmp_path, "+12125550102\n", to)


def test_digits_that_are_dialled_are_looked_for_beside_whoever_dials_none(tmp_path: Path) -> None:
    listed = "sip:anna@example.com\n+6505550101\n"
    assert held(tmp_path, listed, "client:6505550101"), "all of its digits"
    assert not held(tmp_path, listed, "client:6505550102")


def test_an_entry_that_has_expired_holds_no_address_that_dials_its_end(tmp_path: Path) -> None:
    content = f"phone,until\n{ANN},2026-12-01T12:00:00Z\n"
    for to in (ANN, "sip:5550101@pbx.example.com"):
        for earlier, counts in ((timedelta(seconds=1), True), (timedelta(0), False)):
            assert held(tmp_path, content, to, NOW - earlier, column="phone", expires="until") is counts


def test_bare_digits_that_have_expired_hold_nobody(tmp_path: Path) -> None:
    content = f"phone,until\n6505550101,2026-12-01T12:00:00Z\n{BOB},\n"
    for earlier, counts in ((timedelta(seconds=1), True), (timedelta(0), False)):
        now = NOW - earlier
        assert held(tmp_path, content, "+16505550101", now, column="phone", expires="until") is counts


@pytest.mark.parametrize("to", ["sip:101@pbx.example.com", "client:ann0101", "+442125550101", "anonymous"])
def test_extensions_names_and_other_numbers_are_not_held(tmp_path: Path, to: str) -> None:
    assert not held(tmp_path, f"{ANN}\n", to)


def test_digits_that_two_countries_know_hold_both(tmp_path: Path) -> None:
    """6505550101 is +65 0555 0101 to a reader of numbers, and a Californian to the person who typed it."""
    assert held(tmp_path, "6505550101\n", "+16505550101")
    assert held(tmp_path, "6505550101\n", "+6505550101")


@given(st.sampled_from(SPELLINGS[:5]), st.sampled_from(["", ",x", ";x", "\tx", " # x", "\r"]))
def test_remarks_do_not_hide_a_number(entry: str, remark: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        assert held(Path(folder), f"{entry}{remark}\n")


@pytest.mark.parametrize("content", ["", "\n\n", "# nobody yet\n", "\ufeff", "phone,until\n"])
def test_an_empty_list_is_a_failed_export(tmp_path: Path, content: str) -> None:
    column: dict[str, Any] = {"column": "phone"} if "phone" in content else {}
    assert "is empty" in refused(tmp_path, content, **column)
    assert not held(tmp_path, content, allow_empty=True, **column)
    assert not ListSpec("dnc").allow_empty


@pytest.mark.parametrize(
    "entry", ["Ann", "anonymous", "2125550101", "+1212555", "+", "sip:", "0049301234567"]
)
def test_what_nobody_can_read_stops_everybody(tmp_path: Path, entry: str) -> None:
    assert "line 2" in refused(tmp_path, f"{BOB}\n{entry}\n")


def test_a_list_that_vanishes_and_comes_back(tmp_path: Path) -> None:
    lists = DoNotCallList(Places(tmp_path), (ListSpec("dnc"),))
    with pytest.raises(DoNotCallError, match="the do-not-call list dnc is missing"):
        lists.refusal(ANN, NOW)
    (tmp_path / "dnc").write_text(ANN)
    assert lists.refusal(ANN, NOW)
    (tmp_path / "dnc").unlink()
    with pytest.raises(DoNotCallError, match="is missing"):
        lists.refusal(ANN, NOW)
    os.mkfifo(tmp_path / "dnc")
    with pytest.raises(DoNotCallError, match="is a pipe"):
        lists.refusal(ANN, NOW)


def test_several_lists_count_together_and_each_must_be_readable(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(ANN)
    (tmp_path / "b").write_text(BOB)
    both = DoNotCallList(Places(tmp_path), (ListSpec("a"), ListSpec("b")))
    assert both.refusal(ANN, NOW)
    assert both.refusal(BOB, NOW)
    (tmp_path / "b").unlink()
    with pytest.raises(DoNotCallError, match="list b is missing"):
        both.refusal(ANN, NOW)


@pytest.mark.parametrize(
    ("cell", "at", "counts"),
    [
        ("2026-12-01", "2026-12-01T23:59Z", True),
        ("2026-12-01", "2026-12-02T11:59Z", True),  # it is still 1 December somewhere
        ("2026-12-01", "2026-12-02T12:00Z", False),
        ("2026-12-01T12:00:00+00:00", "2026-12-01T11:59Z", True),
        ("2026-12-01T12:00:00Z", "2026-12-01T12:00Z", False),
        ("", "2036-01-01T00:00Z", True),
        ("never", "2036-01-01T00:00Z", True),
        ("31/11/2026", "2036-01-01T00:00Z", True),
        ("2026-02-30", "2036-01-01T00:00Z", True),
        ("9999-12-31", "2036-01-01T00:00Z", True),
    ],
)
def test_entries_expire(tmp_path: Path, cell: str, at: str, counts: bool) -> None:
    content = "name;phone;until\nAnn;(212) 555;x\n".replace("(212) 555;x", f"12125550101;{cell}")
    now = datetime.fromisoformat(at)
    assert held(tmp_path, content, now=now, column="phone", expires="until") is counts


def test_the_longest_entry_of_a_person_counts(tmp_path: Path) -> None:
    content = f"phone,until\n{ANN},2026-01-01\n+1 212 555 0101,\n12125550101,2026-02-01\n"
    assert held(tmp_path, content, column="phone", expires="until")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Phone,until\n+12125550101,\n", "no column 'phone'"),
        ("phone,until\n+12125550101\n", "1 cells"),
        ('phone,until\n"+12125550101,\n', "not CSV"),
    ],
)
def test_tables_in_doubt_stop_everybody(tmp_path: Path, content: str, message: str) -> None:
    assert message in refused(tmp_path, content, column="phone", expires="until")


def test_an_old_list_stops_everybody(tmp_path: Path) -> None:
    path = tmp_path / "dnc"
    path.write_text(ANN)
    lists = DoNotCallList(Places(tmp_path), (ListSpec.of({"file": "dnc", "max_age": "31d"}),))
    for age, fresh in ((timedelta(days=31), True), (timedelta(days=31, seconds=1), False)):
        written = (NOW - age).timestamp()
        os.utime(path, (written, written))
        if fresh:
            assert lists.refusal(ANN, NOW)
        else:
            with pytest.raises(DoNotCallError, match="may be 31d old"):
                lists.refusal(BOB, NOW)
    for later, comes in ((timedelta(days=1), False), (timedelta(days=1, seconds=1), True)):
        ahead = (NOW + later).timestamp()
        os.utime(path, (ahead, ahead))
        if not comes:
            assert lists.refusal(ANN, NOW)
            continue
        with pytest.raises(DoNotCallError, match="has not come yet"):
            lists.refusal(ANN, NOW)


def test_a_list_in_doubt_says_what_to_do(tmp_path: Path) -> None:
    for as_of, hint in [
        ("2026-10-01", "fetch a new one; nobody is called until then"),
        ("2026-12-03", "nobody is called until it is mended"),
    ]:
        with pytest.raises(DoNotCallError) as caught:
            held(tmp_path, ANN, max_age="36h", as_of=as_of)
        assert caught.value.hint == hint


def test_the_date_of_a_list_goes_before_that_of_its_file(tmp_path: Path) -> None:
    assert held(tmp_path, ANN, max_age="31d", as_of="2026-11-15")
    assert "is of 2026-10-01" in refused(tmp_path, BOB, max_age="31d", as_of="2026-10-01")


def test_looking_ahead_does_not_make_a_list_old(tmp_path: Path) -> None:
    (tmp_path / "dnc").write_text(ANN)
    spec = ListSpec.of({"file": "dnc", "max_age": "31d", "as_of": "2026-11-15"})
    ahead = DoNotCallList(Places(tmp_path), (spec,), seen_at=NOW)
    assert ahead.refusal(ANN, NOW + timedelta(days=300))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"expires": "until"}, "column"),
        ({"as_of": "2026-12-01"}, "max_age"),
        ({"column": "phone", "expires": 2}, "both columns"),
        ({"column": 1, "expires": "until"}, "both columns"),
        ({"as_of": "2026-13-01", "max_age": "1d"}, "no date"),
    ],
)
def test_settings_that_mean_nothing(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ListSpec.of({"file": "dnc", **settings})


@pytest.mark.parametrize(
    ("content", "settings", "counts"),
    [
        ("4711,+12125550101\n4712,+12125550102\n", {"column": 2}, True),
        ("4711;+12125550109;x\n4712;+12125550101;y\n", {"column": 2}, True),
        ("sep=;\n4711;+12125550101\n", {"column": 2}, True),
        ('"Ann, A.",+12125550101,2027-01-01\n', {"column": 2, "expires": 3}, True),
        ('"Ann, A.",+12125550101,2026-01-01\n', {"column": 2, "expires": 3}, False),
        ("+12125550101\n", {"column": 1}, True),
        ("4711,+12125550109\n", {"column": 2}, False),
    ],
)
def test_a_table_without_a_header(
    tmp_path: Path, content: str, settings: dict[str, Any], counts: bool
) -> None:
    assert held(tmp_path, content, **settings) is counts


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("+12125550101\n", "(line 1)"),
        ("4711,+12125550109\n4712\n", "(line 2)"),
        ("phone,number\n4711,+12125550109\n", "line 1"),  # a header, where none is said to be
        ("", "is empty"),
    ],
)
def test_a_table_without_a_header_in_doubt_stops_everybody(tmp_path: Path, content: str, words: str) -> None:
    assert words in refused(tmp_path, content, column=2)
