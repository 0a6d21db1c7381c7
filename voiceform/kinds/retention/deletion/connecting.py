"""Connections for very many requests, opened while there is nothing to send on them yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

NEAR_SECONDS = 0.02
"""What it takes at most to connect to a server that is near: there the processor is what counts."""


@contextmanager
def connecting(client: Client, requests: int) -> Iterator[None]:
    """While this is open, connections for so many requests are opened, as far as they may be in flight.

    To a server that is near one after the other: all at once would only keep those from sending that have
    one. To one that is far all at once, since each is mostly waited for.
    """
    most, over = min(client.max_in_flight, requests), False
    runtime = client.runtime

    def connect() -> None:
        began = runtime.uptime()
        client.connect_ahead()
        if runtime.uptime() - began > NEAR_SECONDS:
            with runtime.pool(most, "voiceform-connecting") as pool:
                for _ in range(most - 1):
                    pool.submit(client.connect_ahead)
            return
        for _ in range(most - 1):
            if not over:
                client.connect_ahead()

    thread = runtime.start(connect, "voiceform-connecting")
    try:
        yield
    finally:
        over = True
        thread.join()
