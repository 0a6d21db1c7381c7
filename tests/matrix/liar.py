"""A proxy that knows which operation each request is, and spoils the answers that it was told to."""

from __future__ import annotations

import select
import socket
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from tests.hostile.proxy import Proxy
from tests.matrix.faults import Fault
from tests.twilio.scripted import Seen
from voiceform.emulator.routing import resolve


@dataclass(frozen=True, slots=True)
class Cell:
    """A fault at an operation; with `after` it strikes when the request was carried out."""

    operation: str
    fault: Fault
    after: bool = False

    def __str__(self) -> str:
        return f"{self.operation}: {self.fault.name}{' (done)' if self.after else ''}"


@dataclass
class Liar(Proxy):
    """Answers the requests of an operation with its cells, one after the other, `in_a_row` at most before one
    is answered truly; or for ever with the one of `always`. `met` are those that it did."""

    cells: dict[str, deque[Cell]] = field(default_factory=dict)
    always: Cell | None = None
    in_a_row: int = 4
    met: list[tuple[Cell, Seen]] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    _row: Counter[str] = field(default_factory=Counter)

    def expect(self, cells: Iterable[Cell] = (), *, always: Cell | None = None) -> None:
        """From now on these; what was counted is forgotten."""
        with self._lock:
            self.cells = {}
            for cell in cells:
                self.cells.setdefault(cell.operation, deque()).append(cell)
            self.always = always
            self.met, self.sent = [], Counter()
            self._row.clear()
            self.requests.clear()

    def settle(self) -> None:
        """Wait until what was sent by those who are gone was handed on: a process that was killed, or a
        request that was given up, may have sent it a moment ago."""
        address = urlsplit(self.url)
        with socket.create_connection((str(address.hostname), address.port)) as last:
            last.shutdown(socket.SHUT_WR)
            last.recv(1)  # whoever came before it was let in, too
        self._open[:] = [connection for connection in self._open if connection.fileno() >= 0]
        while any(map(_left, self._open)):
            time.sleep(0.001)

    def reply_to(self, seen: Seen) -> bytes:
        operation = operation_of(seen)
        cell = self._cell(operation, seen)
        fault = None if cell is None else cell.fault
        if fault is None or cell is None:
            return self._forward(seen)
        if fault.edit is not None:
            return fault.spoiled(self._forward(seen))
        if cell.after:
            self._forward(seen)
        return fault.step

    def _cell(self, operation: str, seen: Seen) -> Cell | None:
        with self._lock:
            self.sent[operation] += 1
            if self.always is not None:
                if self.always.operation == operation:
                    self.met.append((self.always, seen))
                    return self.always
                return None
            waiting, place = self.cells.get(operation), f"{seen.method} {seen.target}{seen.body}"
            if not waiting or self._row[place] >= self.in_a_row:
                self._row[place] = 0
                return None
            self._row[place] += 1
            cell = waiting.popleft()
            self.met.append((cell, seen))
            return cell


def _left(connection: socket.socket) -> bool:
    """Whether the other end is gone, and this one not yet closed."""
    poll = select.poll()
    try:
        poll.register(connection, select.POLLRDHUP)
    except ValueError:  # it is closed by now
        return False
    return bool(poll.poll(0))


def operation_of(seen: Seen) -> str:
    """The operationId; the method and path of what is none."""
    route = resolve(seen.target.partition("?")[0]).methods.get(seen.method)
    return route.operation if route else f"{seen.method} {seen.target}"
