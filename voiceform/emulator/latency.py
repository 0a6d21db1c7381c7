"""Latency: how long an answer waits, counted as a network's is, from the arrival of the request."""

from __future__ import annotations

import asyncio
import time
from heapq import heappop, heappush
from itertools import count

#: How much of what the last answer was too late the next are let go earlier, and by how many seconds at most.
_CORRECTION = 0.02
_EARLIEST = 0.002


class Latency:
    """Lets answers go when they are due, one in each turn of the loop.

    Timers count in milliseconds, so that many answers are due together. Were they all worked on in one turn,
    what arrives meanwhile would be seen only after the last of them, and its latency would begin too late.
    """

    def __init__(self, milliseconds: float) -> None:
        self.seconds = milliseconds / 1000
        self._early = 0.0
        self._waiting: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._armed: asyncio.Handle | None = None

    async def until(self, due: float) -> None:
        """Wait until an answer is due, by ``time.perf_counter``."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        heappush(self._waiting, (due, next(self._numbers), turn))
        if self._waiting[0][2] is turn:
            self._arm(loop)
        await turn

    def sent(self, due: float) -> None:
        """An answer has been sent: how much too late is it? Timers are late, the more so the more of them
        there are; so each answer goes as much earlier as those before it were too late, and the latency is
        right on the average."""
        late = time.perf_counter() - due
        self._early = min(max(0.0, self._early + late * _CORRECTION), _EARLIEST)

    def _arm(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._armed is not None:
            self._armed.cancel()
        left = self._waiting[0][0] - self._early - time.perf_counter()
        if left > 0:
            self._armed = loop.call_later(left, self._release, loop)
        else:
            self._armed = loop.call_soon(self._release, loop)

    def _release(self, loop: asyncio.AbstractEventLoop) -> None:
        self._armed = None
        _, _, turn = heappop(self._waiting)
        if not turn.done():  # whoever waited may have been cancelled
            turn.set_result(None)
        if self._waiting:
            self._arm(loop)
