"""How a stack that is worked on in another process is stopped: as by Ctrl-C, gently first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from voiceform.stack.listener import Signals

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

_GRACE = 0.7
"""Seconds that requests in flight get to be answered."""


class Halt:
    """Lets nothing more begin once `now` was called; what is in flight gets a moment."""

    def __init__(self) -> None:
        self.event = threading.Event()
        self._clients: list[Client] = []

    def signals(self) -> Signals:
        """How stacks say which clients are open."""
        return Signals(client=self._open)

    def now(self) -> None:
        """Stop. Returns at once."""
        if not self.event.is_set():
            self.event.set()
            for client in [*self._clients]:
                client.stop()
            timer = threading.Timer(_GRACE, self._cancel)
            timer.daemon = True
            timer.start()

    @contextmanager
    def _open(self, client: Client) -> Iterator[Client]:
        self._clients.append(client)
        if self.event.is_set():
            client.cancel()
        try:
            yield client
        finally:
            self._clients.remove(client)

    def _cancel(self) -> None:
        for client in [*self._clients]:
            client.cancel()
