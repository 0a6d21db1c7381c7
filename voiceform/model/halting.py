"""How work is told to stop: nothing more begins, what is in flight gets a moment, then connections close."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from voiceform.model.runtime import MACHINE

_GRACE = 0.7
"""Seconds that requests in flight get to be answered: long for Twilio, short for who pressed Ctrl-C."""


class Stoppable(Protocol):
    """A client, as far as it can be stopped. From any thread."""

    def stop(self) -> None:
        """Let nothing more begin."""

    def cancel(self) -> None:
        """And end what is under way."""


C = TypeVar("C", bound=Stoppable)


class Halt:
    """The clients that are open, and whether they are to end. Safe for many threads."""

    def __init__(self) -> None:
        self.event = MACHINE.event()
        """Set once nothing more may begin."""
        self._clients: list[Stoppable] = []

    @contextmanager
    def stops(self, client: C) -> Iterator[C]:
        """In here a halt ends what this client waits for."""
        self._clients.append(client)
        if self.event.is_set():
            client.cancel()
        try:
            yield client
        finally:
            self._clients.remove(client)

    def now(self) -> None:
        """Stop gently. Returns at once; harmless twice."""
        if not self.event.is_set():
            self.event.set()
            MACHINE.start(self.end, "voiceform-halt", daemon=True)

    def end(self, *, gently: bool = True) -> None:
        """End what is open, after a moment if `gently`; returns when that is done. Set the event before."""
        for client in [*self._clients]:
            client.stop()
        if gently:
            MACHINE.sleep(_GRACE)
        for client in [*self._clients]:
            client.cancel()
