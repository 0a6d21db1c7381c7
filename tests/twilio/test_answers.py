"""What is read of the bytes of an answer, however they are cut into pieces."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from http.client import HTTPResponse
from itertools import pairwise
from typing import Any

import pytest
from httptools import HttpParserError
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile.answers import BROKEN, chunked
from tests.twilio.scripted import RESET, SILENCE, answer
from voiceform.twilio.answers import AnswerReader


def read(pieces: Sequence[bytes]) -> dict[str, Any]:
    """What a reader says after each piece of a connection that is closed then."""
    reader, body, error = AnswerReader(), b"", ""
    try:
        for piece in pieces:
            if reader.done or reader.wrong:
                break
            reader.feed(piece)
            body += reader.body()
        whole = reader.done or reader.end()
    except HttpParserError:
        error, whole = "not HTTP", False
    found = {"status": reader.status, "headers": reader.headers, "body": body, "whole": whole}
    return {"error": error or reader.wrong} if error or reader.wrong else found


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(ends)]


PLACES = st.lists(st.integers(min_value=0, max_value=10_000), max_size=8)
NAMES = st.sampled_from(["Content-Type", "Twilio-Request-Id", "X-A", "x-a", "Retry-After", "Location"])
VALUES = st.text(
    st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20
)
HEADERS = st.lists(st.tuples(NAMES, VALUES), max_size=8)


@st.composite
def answers(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """An answer as it should be, with its body."""
    body = draw(st.binary(max_size=300))
    head = [
        f"HTTP/1.1 {draw(st.integers(200, 203) | st.integers(400, 599))} {draw(st.sampled_from(['OK', '']))}"
    ]
    head += [f"{name}: {value}" for name, value in draw(HEADERS)]
    if draw(st.booleans()):
        framed = body
        head.append(f"Content-Length: {len(body)}")
    else:
        pieces = [piece for piece in cut(body, draw(PLACES)) if piece]
        chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]
        framed = b"".join([*chunks, b"0\r\n\r\n"])
        head.append("Transfer-Encoding: chunked")
    return "\r\n".join([*head, "", ""]).encode("latin-1") + framed, body


@given(answers(), PLACES)
def test_what_should_be_is_read_as_http_client_reads_it(made: tuple[bytes, bytes], places: list[int]) -> None:
    data, body = made
    found = read(cut(data, places))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        with HTTPResponse(ours) as expected:
            expected.begin()
            assert (found["status"], found["body"]) == (expected.status, expected.read())
            for name in expected.headers:
                assert found["headers"][name.lower()] == expected.getheader(name)
    assert found["whole"]
    assert found["body"] == body


ANYTHING = st.binary(max_size=200) | st.tuples(answers(), st.integers(0, 500), st.binary(max_size=5)).map(
    lambda made: made[0][0][: made[1]] + made[2] + made[0][0][made[1] :]
)


@given(ANYTHING, PLACES)
def test_nothing_depends_on_how_the_bytes_arrive(data: bytes, places: list[int]) -> None:
    """And nothing but an error of llhttp is ever raised."""
    assert read(cut(data, places)) == read([data])


@pytest.mark.parametrize("name", [name for name, step in BROKEN.items() if step not in (RESET, SILENCE, b"")])
def test_what_is_broken_is_so_in_single_bytes_too(name: str) -> None:
    data = BROKEN[name]
    assert isinstance(data, bytes)
    data = data[:20_000]
    assert read([bytes([byte]) for byte in data]) == read([data])


@pytest.mark.parametrize(
    "reply",
    [
        answer(200, {}, Connection="close"),
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\n\r\n{}",
        answer(200, {}) + b"x",
        answer(200, {}) + answer(200, {}),
        answer(101),
        answer(103),
        chunked(end=b"0\r\n\r\n\0"),
    ],
    ids=["close", "http/1.0", "without length", "a byte", "an answer", "101", "103", "behind chunks"],
)
def test_after_what_a_connection_is_not_used_again(reply: bytes) -> None:
    reader = AnswerReader()
    reader.feed(reply)
    assert reader.done or reader.end()
    assert not reader.another_may_follow


def test_after_another_answer_nothing_of_the_first_is_left() -> None:
    reader = AnswerReader()
    reader.feed(answer(404, raw=b"gone", Retry_After="7"))
    assert reader.another_may_follow
    assert (reader.status, bytes(reader.body()), reader.headers["retry-after"]) == (404, b"gone", "7")
    reader.expect()
    assert (reader.status, reader.headers, reader.size, reader.done) == (0, {}, 0, False)
    reader.feed(answer(200, raw=b""))
    assert (reader.status, bytes(reader.body()), reader.headers) == (200, b"", {"content-length": "0"})


@pytest.mark.parametrize("coding", ["gzip", "gzip, chunked", "identity", "chunked, chunked"])
def test_a_coding_of_the_transfer_that_nobody_asked_for_is_of_no_use(coding: str) -> None:
    reader = AnswerReader()
    reader.feed(f"HTTP/1.1 200 OK\r\nTransfer-Encoding: {coding}\r\n\r\n".encode())
    assert reader.wrong


def test_a_hundred_headers_are_read_and_no_more() -> None:
    for count in (99, 100):
        reader = AnswerReader()
        reader.feed(answer(200, {}, raw=None, **{f"X{number}": "y" for number in range(count)}))
        assert bool(reader.wrong) is (count == 100)
