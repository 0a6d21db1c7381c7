"""Answers of HTTP/1.1, read from their bytes by llhttp, the parser of Node.js, in its strict form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

Body = bytes | bytearray
"""The bytes of an answer. One of a megabyte is not copied only to be of one type."""

_MOST_HEADERS = 100
_CONTINUE = 100


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. Names of `headers` are in lower case; repeated ones are joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: Body


class AnswerReader:
    """Reads the answers that come on one connection, one after another.

    Of the present one: `status` is 0 until all headers are there, `size` is that of the body so far, `done`
    says that it is whole, and `wrong` why it is of no use. The caller counts what it feeds.
    """

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self.expect()

    def expect(self) -> None:
        """An answer is to come: forget the one before."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.size = 0
        self.done = False
        self.wrong = ""
        self._head: list[tuple[bytes, bytes]] = []
        self._body = bytearray()  # a list of pieces, or a copy of it, takes ten times the time for a megabyte
        self._kept = False

    @property
    def another_may_follow(self) -> bool:
        """Whether it is whole, nothing came behind it, and the connection is not to be closed."""
        return self.done and self._kept

    def feed(self, data: bytes | memoryview) -> None:
        """Take bytes that came. Raises HttpParserError for what is no answer."""
        if self.done:
            self._kept = False
            return
        try:
            self._parser.feed_data(data)
        except HttpParserUpgrade:
            self._kept = False
        except HttpParserError:
            self._kept = False
            if not self.done:
                raise

    def end(self) -> bool:
        """No more bytes will come. Whether that is the end of an answer that tells no other."""
        self._kept = False
        self.done = bool(self.status) and not {"content-length", "transfer-encoding"} & self.headers.keys()
        return self.done

    def body(self) -> bytearray:
        """What came of the body since this was asked last."""
        body, self._body = self._body, bytearray()
        return body

    def close(self) -> None:
        """No answer follows."""
        if hasattr(self, "_parser"):
            del self._parser  # it holds this object too

    # The rest is what llhttp calls while it is fed: https://github.com/MagicStack/httptools#apis
    # An exception would become an error of its own in there, so none is raised.

    def on_message_begin(self) -> None:
        """Also of a second answer, which must not be taken for that to the next request."""
        if self.done:
            self._kept = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header; trailers, behind the body, mean nothing."""
        if self.status:
            return
        if len(self._head) < _MOST_HEADERS:
            self._head.append((name, value))
        else:
            self.wrong = "the answer has too many headers"

    def on_headers_complete(self) -> None:
        """All headers; after `100 Continue` those of the answer proper follow."""
        if self.done:
            return
        head, self._head = self._head, []
        if self._parser.get_status_code() == _CONTINUE:
            return
        self.status = self._parser.get_status_code()
        for name, value in head:
            key, text = name.decode("latin-1").lower(), value.decode("latin-1")
            self.headers[key] = f"{self.headers[key]}, {text}" if key in self.headers else text
        if self.headers.get("transfer-encoding", "chunked").lower() != "chunked":
            self.wrong = "the answer cannot be decompressed"

    def on_body(self, piece: bytes) -> None:
        """A piece of the body, without the framing of chunks."""
        if not self.done:
            self.size += len(piece)
            self._body += piece

    def on_message_complete(self) -> None:
        """The whole answer, unless it only was `100 Continue`."""
        if self.status and not self.done:
            self.done = True
            self._kept = self.status >= 200 and self._parser.should_keep_alive()
