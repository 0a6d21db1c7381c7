"""uvicorn's HTTP protocol with two things more.

The application can cut the connection, which faults need; and requests are bounded, in the length of their
head and in the time that they may take to arrive.
"""

from __future__ import annotations

import time
from asyncio import TimerHandle, Transport
from typing import ClassVar

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


class _BoundedProtocol(HttpToolsProtocol):
    patience: ClassVar[float]
    _in_head = True
    _head_length = 0
    _arrival: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._expect()
            self._head_length += len(data)
        super().data_received(data)
        if self._in_head and self._head_length > HEAD_LIMIT and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
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
        self._in_head = True
        super().on_message_complete()

    def _expect(self) -> None:
        if self._arrival is None:
            self._arrival = self.loop.call_later(self.patience, self.transport.abort)

    def _arrived(self) -> None:
        if self._arrival is not None:
            self._arrival.cancel()
            self._arrival = None
