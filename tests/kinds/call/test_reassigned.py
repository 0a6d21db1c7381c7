"""Answers of the Reassigned Numbers Database: who is called, who is not, and when nobody is."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voiceform.kinds.call.dialling.donotcall import DoNotCallError
from voiceform.kinds.call.dialling.list_files import DoNotCallList
from voiceform.kinds.call.dialling.reassigned import (
    Answer,
    ReassignedContent,
    ReassignedSpec,
    concerned,
    read_person,
)
from voiceform.kinds.userfiles import Places

ANN = "+12125550101"
NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
HEAD = "number,consent_date,answer\n"
GONE, UNKNOWN, MISSING = "disconnected", "nobody knows", "not in the file"


def refusal(
    folder: Path, content: str, number: str = ANN, now: datetime = NOW, **settings: Any
) -> str | None:
    (folder / "rnd.csv").write_text(content, encoding="utf-8")
    spec = ReassignedSpec.of({"csv": "rnd.csv", "consent": "consent_date", **settings})
    return DoNotCallList(Places(folder), (spec,)).refusal(number, NOW)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        *((text, GONE) for text in ("yes", "YES", " Yes ")),
        *((text, None) for text in ("no", "No", "NO ")),
        *((text, UNKNOWN) for text in ("no data", "No Data", "no_data", "NO-DATA")),
    ],
)
def test_each_answer(tmp_path: Path, answer: str, words: str | None) -> None:
    found = refusal(tmp_path, f"{HEAD}{ANN},2025-01-31,{answer}\n")
    assert (found is None) if words is None else (words in str(found))


@pytest.mark.parametrize(
    "number", ["+12125550101", "12125550101", "2125550101", "(212) 555-0101", "212-555-0101"]
)
@pytest.mark.parametrize("day", ["2025-01-31", "20250131", "01/31/2025"])
def test_every_spelling_that_is_in_use(tmp_path: Path, number: str, day: str) -> None:
    assert GONE in str(refusal(tmp_path, f"{HEAD}{number},{day},yes\n"))


def test_who_is_not_in_the_file_is_not_called_unless_it_is_said(tmp_path: Path) -> None:
    other = f"{HEAD}+12125550102,2025-01-31,no\n"
    assert MISSING in str(refusal(tmp_path, other))
    assert refusal(tmp_path, other, no_data="call") is None
    assert refusal(tmp_path, f"{HEAD}{ANN},2025-01-31,no data\n", no_data="call") is None
    assert GONE in str(refusal(tmp_path, f"{HEAD}{ANN},2025-01-31,yes\n", no_data="call"))


@pytest.mark.parametrize(
    "number", ["+33123456789", "+442071838750", "+14165550101", "client:ann", "sip:ann@example.com"]
)
def test_the_database_is_not_about_others(tmp_path: Path, number: str) -> None:
    assert refusal(tmp_path, f"{HEAD}{ANN},2025-01-31,yes\n", number) is None


@pytest.mark.parametrize(
    "number", ["+17875550101", "+18005550101", "+15555550101", "sip:2125550199@pbx.example.com"]
)
def test_islands_free_numbers_and_numbers_of_nowhere_are_looked_for(tmp_path: Path, number: str) -> None:
    assert MISSING in str(refusal(tmp_path, f"{HEAD}{ANN},2025-01-31,no\n", number))


@pytest.mark.parametrize(
    "number", ["sip:+12125550101@pbx.example.com", "sip:2125550101@pbx", "sip:92125550101@pbx"]
)
def test_an_address_that_dials_the_number_is_the_number(tmp_path: Path, number: str) -> None:
    assert GONE in str(refusal(tmp_path, f"{HEAD}{ANN},2025-01-31,yes\n", number))
    assert refusal(tmp_path, f"{HEAD}{ANN},2025-01-31,no\n", number) is None


def test_an_address_that_dials_the_end_of_a_number_may_be_that_of_whose_number_is_gone(
    tmp_path: Path,
) -> None:
    """Nobody else's answer says that it is theirs."""
    local, other = "sip:5550101@pbx", "+13105550101"
    for rows in ((f"{ANN},2025-01-31,yes", f"{other},2025-01-31,no"), (f"{ANN},2025-01-31,yes",)):
        for ordered in (rows, rows[::-1]):
            content = HEAD + "".join(f"{row}\n" for row in ordered)
            assert GONE in str(refusal(tmp_path, content, local, no_data="call"))
    alive = f"{HEAD}{ANN},2025-01-31,no\n"
    assert refusal(tmp_path, alive, local, no_data="call") is None
    assert MISSING in str(refusal(tmp_path, alive, local))


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("212-555-0101", ANN),
        ("+298123456", "+298123456"),  # ten characters, and no ten digits
        ("442071838750", "+442071838750"),
        ("sip:ann@example.com", None),
        ("annabella1", None),
        ("\uff12\uff11\uff12\uff15\uff15\uff15\uff10\uff11\uff10\uff11", None),
    ],
)
def test_whose_number_it_is(text: str, who: str | None) -> None:
    assert read_person(text) == who


def test_of_what_nobody_can_read_the_database_may_know() -> None:
    assert concerned("+1")
    assert not ReassignedSpec("x").call_unknown, "and who is not known to it is not called"


@pytest.mark.parametrize("rows", ["2022-01-01,yes 2025-01-01,no", "2025-01-01,no 2022-01-01,yes"])
def test_who_consented_again_is_called(tmp_path: Path, rows: str) -> None:
    content = HEAD + "".join(f"{ANN},{row}\n" for row in rows.split())
    assert refusal(tmp_path, content) is None
    bare = content.replace(",consent_date", "").replace(",2022-01-01", "").replace(",2025-01-01", "")
    (tmp_path / "rnd.csv").write_text(bare)
    worst = DoNotCallList(Places(tmp_path), (ReassignedSpec.of({"csv": "rnd.csv"}),))
    assert GONE in str(worst.refusal(ANN, NOW))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "no column"),
        (HEAD, "is empty"),
        (f"{HEAD}{ANN},2025-01-31,maybe\n", "neither yes, no nor no data (line 2)"),
        (f"{HEAD}{ANN},2025-01-31,\n", "neither yes, no nor no data (line 2)"),
        (f"{HEAD}{ANN},,no\n", "without a date of consent (line 2)"),
        (f"{HEAD}{ANN},31.1.2025,no\n", "without a date of consent (line 2)"),
        (f"{HEAD}{ANN},2025-01-31,no\nx,2025-01-31,no\n", "without a phone number (line 3)"),
        (f"{HEAD}{ANN},2025-01-31\n", "does not fit its header"),
        (f"number,answer\n{ANN},no\n", "no column 'consent_date'"),
    ],
)
def test_a_file_that_cannot_be_read_whole_stops_everybody(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(DoNotCallError) as caught:
        refusal(tmp_path, content, "+33123456789")
    assert "the file of reassigned numbers rnd.csv" in caught.value.what
    assert words in caught.value.what


def test_a_missing_or_old_file_stops_everybody(tmp_path: Path) -> None:
    spec = ReassignedSpec.of({"csv": "gone.csv"})
    with pytest.raises(DoNotCallError):
        DoNotCallList(Places(tmp_path), (spec,)).refusal(ANN, NOW)
    content = f"{HEAD}{ANN},2025-01-31,no\n"
    with pytest.raises(DoNotCallError, match="may be 31d old"):
        refusal(tmp_path, content, max_age="31d", as_of="2026-10-01")
    assert refusal(tmp_path, content, max_age="31d", as_of="2026-11-15") is None
    written = (NOW - timedelta(days=32)).timestamp()
    os.utime(tmp_path / "rnd.csv", (written, written))
    aged = ReassignedSpec.of({"csv": "rnd.csv", "max_age": "31d"})
    with pytest.raises(DoNotCallError, match="may be 31d old"):
        DoNotCallList(Places(tmp_path), (aged,)).refusal(ANN, NOW)


ROWS = st.lists(
    st.tuples(st.dates().map(lambda day: day.replace(year=2025)) | st.none(), st.sampled_from(Answer))
)


@given(ROWS, st.randoms())
def test_the_order_of_rows_means_nothing(rows: list[Any], random: Any) -> None:
    spec = ReassignedSpec("x")

    def answer() -> Any:
        return ReassignedContent.of([(ANN, *row) for row in rows], spec, NOW).answers.get(ANN)

    first = answer()
    random.shuffle(rows)
    assert answer() is first
