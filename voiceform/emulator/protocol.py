"""uvicorn's HTTP protocol with three things more.

The application can cut the connection, which faults need; requests are bounded, in the length of their head
and in the time that they may take to arrive; and an answer leaves in one piece.
"""

from __future__ import annotations

import time
from asyncio import AbstractEventLoop, TimerHandle, Transport
from typing import Any, ClassVar, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from voiceform.emulator.app import ABORT, ARRIVAL

#: The longest head of a request: line and headers.
HEAD_LIMIT = 64 * 1024
_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def patient_protocol(seconds: float) -> type[HttpToolsProtocol]:
    """The protocol for a server whose requests must arrive within so many seconds."""

    class PatientProtocol(_BoundedProtocol):
        patience = seconds

    return PatientProtocol


class _OnePiece:
    """A transport that holds back what is written until the answer is whole, or this turn of the loop over.

    uvicorn writes the head of an answer and its body one after the other, and each write that finds the
    client asleep has to wake it: that was a third of all that the emulator does.
    """

    def __init__(self, transport: Transport, loop: AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: list[bytes] = []

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Hold it."""
        if not self._held:
            self._loop.call_soon(self.flush)
        self._held.append(data)

    def flush(self) -> None:
        """Send what is held."""
        held, self._held = self._held, []
        if held and not self._transport.is_closing():
            self._transport.write(b"".join(held))

    def close(self) -> None:
        """Send what is held, and close."""
        self.flush()
        self._transport.close()

    def abort(self) -> None:
        """Cut the connection; what is held is lost."""
        self._held.clear()
        self._transport.abort()


class _BoundedProtocol(HttpToolsProtocol):
    patience: ClassVar[float]
    _in_head = True
    _whole = False
    _head_length = 0
    _arrival: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        self._pieces = _OnePiece(transport, self.loop)
        super().connection_made(cast(Transport, self._pieces))
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._whole = False
        if self._in_head:
            self._head_length += len(data)
        super().data_received(data)
        if not self._whole:  # most requests come in one piece, and need no timer
            self._expect()
        if self._in_head and self._head_length > HEAD_LIMIT and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._whole = False
        # ASGI has no message for this; extensions are its place for what a server adds.
        self.scope["extensions"] = {
            ABORT: {"call": self.transport.abort},
            ARRIVAL: {"time": time.perf_counter()},
        }

    def on_headers_complete(self) -> None:
        self._in_head, self._head_length = False, 0
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._arrived()
        self._in_head = self._whole = True
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._pieces.flush()
        super().on_response_complete()

    def _expect(self) -> None:
        if self._arrival is None:
            self._arrival = self.loop.call_later(self.patience, self.transport.abort)

    def _arrived(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
