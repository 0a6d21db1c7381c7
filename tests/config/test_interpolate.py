from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.config.reading import brief, good, read

ENVIRON = {"NAME": "support", "SIZE": "200", "EMPTY": "", "TRICKY": "a: [1, {b: c}]\n- #x", "FLAG": "true"}


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("${NAME}", "support"),
        ("queue ${NAME} of ${SIZE}", "queue support of 200"),
        ("${SIZE}", 200),
        ('"${SIZE}"', "200"),
        ("'${SIZE}'", "200"),
        ('!!str "${SIZE}"', "200"),
        ('!!int "${SIZE}"', 200),
        ("${SIZE}${EMPTY}", "200"),
        ("${FLAG}", True),
        ("${EMPTY}", None),
        ('"${EMPTY}"', ""),
        ("${MISSING:-fall back}", "fall back"),
        ("${MISSING:-12}", 12),
        ("${MISSING:-}", None),
        ("${EMPTY:-7}", 7),
        ("${SIZE:-7}", 200),
        ("${MISSING:-a:-b}", "a:-b"),
        ("$${NAME}", "${NAME}"),
        ("$$${NAME}", "$${NAME}"),
        ("$${NAME} ${NAME}", "${NAME} support"),
        ("$NAME costs $5 $$ $", "$NAME costs $5 $$ $"),
        ("${TRICKY}", ENVIRON["TRICKY"]),
        ("|-\n  a ${NAME}\n  b", "a support\nb"),
    ],
)
def test_values(written: str, value: Any) -> None:
    found = good(f"a: {written}\n", ENVIRON)["a"]
    assert found == value
    assert type(found) is type(value)


def test_what_comes_out_is_not_expanded_again() -> None:
    assert good('a: "${X}"', {"X": "${Y}", "Y": "no"})["a"] == "${Y}"


def test_keys_are_left_alone() -> None:
    assert list(good('"${NAME}": 1', ENVIRON)) == ["${NAME}"]


def test_every_undefined_name_is_reported_at_its_value() -> None:
    _, found = read("a: ${NOPE}\nb:\n  - x\n  - ${NAME} ${TOO} ${MORE} ${TOO}\n", ENVIRON)
    assert brief(found) == ["1:4 undefined-variable", "4:5 undefined-variable"]
    assert "NOPE is not set" in found[0].message
    assert "TOO and MORE are not set" in found[1].message
    assert found[0].hint == "set it, or write a default: ${NOPE:-...}"


@pytest.mark.parametrize(
    "written", ["${}", "${1X}", "${A B}", "${A-b}", "${A:?b}", "${open", "${A:-${B}}", "${é}"]
)
def test_malformed_references_are_refused(written: str) -> None:
    _, found = read(f'k: "x {written}"\n', {"A": "1", "B": "2"})
    assert brief(found) == ["1:4 malformed-reference"]
    assert "$${" in (found[0].hint or "")


def test_messages_never_show_values_of_the_environment() -> None:
    _, found = read("a: ${SECRET}${NOPE}\n", {"SECRET": "hunter2"})
    assert "hunter2" not in str(found[0])


def test_growth_is_bounded() -> None:
    _, found = read('a: "' + "${BIG}" * 20 + '"\n', {"BIG": "x" * 100_000})
    assert brief(found) == ["1:4 too-long"]


def test_growth_of_a_whole_file_is_bounded() -> None:
    lines = "".join(f"k{index}: ${{BIG}}\n" for index in range(100))
    _, found = read(lines, {"BIG": "x" * 999_999})
    assert brief(found) == [f"{line}:{6 if line > 10 else 5} too-long" for line in range(65, 101)]


def test_undecodable_bytes_of_the_environment_are_refused() -> None:
    _, found = read("a: ${RAW}\n", {"RAW": b"\xff".decode("utf-8", "surrogateescape")})
    assert brief(found) == ["1:4 invalid-text"]


@given(
    st.lists(st.sampled_from(["${A}", "${B:-x}", "$${", "$", "{", "}", "text", " ", "${", "é"]), max_size=12)
)
def test_any_mixture_ends_in_a_value_or_one_diagnostic(parts: list[str]) -> None:
    text = "".join(parts)
    block, found = read(f'k: "{text}"\n', {"A": "1"})
    assert block is not None
    assert len(found) <= 1
    if "$" not in text:
        assert block["k"] == text
