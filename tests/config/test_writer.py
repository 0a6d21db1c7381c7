from __future__ import annotations

from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.config.reading import good
from voiceform.config.writer import Sheet
from voiceform.model.address import Address
from voiceform.model.exported import Entry, sourced

ACCOUNT = f"AC{'0' * 32}"
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=64)
HARD = st.text(alphabet="0 \x1f\x85\u2028\ufeff\n\t'\"\\#:-é🎧${}", min_size=1, max_size=64)
SID = "QU" + "0" * 32


def queue(key: str, value: dict[str, Any] | None, **more: Any) -> Entry:
    return Entry(Address("queue", key), value, key, **more)


def written(*entries: Entry, remarks: tuple[str, ...] = (), clear: bool = False) -> str:
    sheet = Sheet(ACCOUNT, clear=clear)
    sheet.section("queues", entries, remarks)
    sheet.section("conferences", ())
    return sheet.text


@settings(max_examples=300)
@given(st.lists(NAMES | HARD, min_size=1, max_size=3))
@example(["${HOME}", "$${HOME}", "no", "010", "+15558675310", "1e3", "null", "09:00", "<<", "=", " x ", ""])
def test_whatever_the_account_calls_its_queues_reads_back_the_same(names: list[str]) -> None:
    queues = {f"q{index}": {"friendly_name": name, "max_size": 5} for index, name in enumerate(names)}
    text = written(*(queue(key, value, sid=SID) for key, value in queues.items()))
    assert good(text, environ={"HOME": "wrong"}) == {"version": 1, "account": ACCOUNT, "queues": queues}


@settings(max_examples=300)
@given(NAMES | HARD, NAMES | HARD)
@example("x\n  evil: {}", "y\r\nevil: {}")
@example("\u2028evil: 1", "##[error]no")
def test_no_name_and_no_reason_leaves_its_comment(label: str, remark: str) -> None:
    told = queue("told", None, sid=SID, label=label, remark=remark)
    kept = queue("kept", {"max_size": 5}, sid=SID, label=label, remark=remark)
    text = written(told, kept, remarks=(remark,))
    assert good(text)["queues"] == {"kept": {"max_size": 5}}
    assert "##[" not in text
    lines = text.rstrip("\n").split("\n")
    assert [line for line in lines if line.lstrip().startswith("#")] == [lines[0], *lines[4:7]]


def test_a_section_of_which_nothing_can_be_declared_is_comments_alone() -> None:
    text = written(queue("told", None, sid=SID, label="x", remark="no"), remarks=("2 more",))
    assert good(text) == {"version": 1, "account": ACCOUNT}
    assert text.splitlines()[-2:] == ["# 2 more", f'# queue.told: {SID} "x": no']


def test_keys_that_are_words_of_yaml_stay_keys() -> None:
    keys = ("yes", "no", "null", "1", "0x1", "1e3", "2026-01-01", "off")
    text = written(*(queue(key, {}) for key in keys))
    assert list(good(text)["queues"]) == list(keys)


def test_what_the_environment_gave_is_written_as_it_was_declared() -> None:
    entry = queue("a", sourced({"friendly_name": "yes", "other": "$${x}"}, {"friendly_name": "${NAME}"}))
    assert "yes" not in written(entry)
    assert good(written(entry), environ={"NAME": "12"})["queues"]["a"]["friendly_name"] == "12"
    assert good(written(entry, clear=True))["queues"]["a"]["friendly_name"] == "yes"


def test_each_line_knows_whose_it_is() -> None:
    first, second = queue("a", {"max_size": 1}), queue("b", None, remark="no")
    sheet = Sheet(ACCOUNT)
    sheet.section("queues", [first, second])
    owners = [sheet.owner(number) for number in range(9)]
    assert owners == [None, None, None, None, None, first, first, second, None]
