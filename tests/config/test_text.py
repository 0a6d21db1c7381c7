from __future__ import annotations

import pytest

from tests.config.reading import brief, read
from voiceform.config.text import UnreadableError, decode


def test_a_byte_order_mark_does_not_move_positions() -> None:
    assert decode("\ufeffa: é".encode(), "f.yaml") == "a: é"


@pytest.mark.parametrize(
    ("data", "place", "message"),
    [
        (b"a: 1\nb: \xc3\xa9\xff\n", "2:5", "0xff"),
        (b"\xef\xbb\xbfa: \xe9\n", "1:4", "0xe9"),
        (b"a: \xed\xa0\x80", "1:4", "0xed"),
        ("a: 1".encode("utf-16"), "1:1", "UTF-16"),
        ("a: 1".encode("utf-16-be"), "1:1", "UTF-16"),
        ("a: 12".encode("utf-16-le"), "1:1", "UTF-16"),
        (b"a: 1\nb: x\0y\n", "2:5", "a NUL character"),
        (b"a: 1\nb: x\x1by\n", "2:5", "U+001B"),
        (b"a: \x7f", "1:4", "U+007F"),
    ],
)
def test_what_is_not_text_is_refused_at_its_place(data: bytes, place: str, message: str) -> None:
    try:
        _, found = read(decode(data, "f.yaml"))
    except UnreadableError as error:
        found = [error.diagnostic]
    assert brief(found) == [f"{place} invalid-text"]
    assert message in found[0].message
    assert found[0].hint


def test_other_line_ends() -> None:
    assert read("a: 1\r\nb:\r\n  c: 2\r\n")[0] == {"a": 1, "b": {"c": 2}}
