"""Ctrl-C, SIGTERM and SIGHUP: obeyed within a second, whatever the command is doing.

While nothing was begun (planning, asking, waiting for a lock) the first signal ends the command: exit 130,
143 or 129. While work is done it lets nothing more begin, gives what is in flight a moment, and then closes
its connections; the journal has every intent, and what lost its answer is settled by the next run. The second
signal ends at once; one that comes when even that takes long does not clean up.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from voiceform.model.exit_codes import ExitCode
from voiceform.model.halting import Halt

if TYPE_CHECKING:
    from voiceform.cli.support.console import Console

_ONE_PRESS = 0.3
"""Signals that come together are one: terminals send Ctrl-C to a whole group, whose parents pass it on."""

_PATIENCE = 1.0
"""Seconds in which a command that ends may clean up undisturbed."""

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))

_NUDGE = getattr(signal, "SIGURG", None)
"""Wakes the main thread; systems ignore it by default, and nothing here uses it otherwise."""

_NUDGES = 10
"""How often the main thread is woken after a signal,"""

_BETWEEN_NUDGES = 0.05
"""and the seconds between."""


class Interruption(KeyboardInterrupt):
    """The command was ended by a signal before it had begun anything, or at once; with the exit code."""


class Stopping:
    """What signals do to one invocation."""

    def __init__(self, console: Console) -> None:
        self.halt = Halt()
        """The clients that are open; its event is set once the invocation is to end."""
        self.number: int | None = None
        """The first signal that came."""
        self.begun = False
        """Whether work was ever begun."""
        self.nested = False
        """Whether another invocation is around this one, which has the last word."""
        self._console = console
        self._working = False
        self._ending: float | None = None
        self._last = 0.0
        self._swallowed: bool | None = False
        """Whether the interruption was raised where Python drops it; None when it would come too late."""
        self._wishes: queue.SimpleQueue[bool | None] = queue.SimpleQueue()
        """How to stop, gently or at once, for the thread that stops; None ends it. A handler may put into
        such a queue whatever it interrupts, while to start a thread in there could wait for ever for a
        lock that the interrupted thread holds."""

    @property
    def exit_code(self) -> ExitCode:
        """128 and the signal, as shells have it; that of Ctrl-C when none came."""
        return ExitCode.of_signal(self.number or signal.SIGINT)

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Obey signals in here; what they did before is restored. Those that are ignored stay so, and off
        the main thread none can be obeyed."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before: dict[int, Any] = {}
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                before[number] = signal.signal(number, self._handle)
        self.nested = any(isinstance(getattr(each, "__self__", None), Stopping) for each in before.values())
        hook, sys.unraisablehook = sys.unraisablehook, self._unraisable
        try:
            threading.Thread(target=self._obey, name="voiceform-stopping", daemon=True).start()
            with _nudged(self._woken):
                yield
        finally:
            self._wishes.put(None)
            sys.unraisablehook = hook
            for number, handler in before.items():
                signal.signal(number, handler)
                outer = getattr(handler, "__self__", None)
                if isinstance(outer, Stopping) and self.number is not None:
                    outer.number = self.number
                    outer.halt.event.set()

    @contextmanager
    def working(self) -> Iterator[None]:
        """In here the first signal lets what is in flight end."""
        self._working = self.begun = True
        try:
            yield
        finally:
            self._working = False

    def over(self) -> None:
        """The command ends; what is left (giving back the lock, last words) no signal cuts in a second."""
        self._ending = self._ending or time.monotonic()
        self._swallowed = None

    def _unraisable(self, lost: sys.UnraisableHookArgs) -> None:
        """Python drops what is raised while it clears objects away; an interruption is raised once more, when
        the main thread is woken next."""
        if not isinstance(lost.exc_value, Interruption):
            sys.__unraisablehook__(lost)
        elif self._swallowed is not None:
            self._swallowed = True

    def _woken(self, _number: int, _frame: FrameType | None) -> None:
        if self._swallowed:
            self._swallowed = False
            raise Interruption(self.exit_code)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        now = time.monotonic()
        if self.number is not None and now - self._last < _ONE_PRESS:
            return
        first = self.number is None
        self._last, self.number = now, self.number or number
        self.halt.event.set()
        if self._ending is not None:
            if now - self._ending > _PATIENCE:
                self._console.erase_at_once()
                os._exit(self.exit_code)  # as kill -9 would
            return
        gently = self._working and first
        # Not here: the main thread may be inside of what has to be locked.
        self._wishes.put(gently)
        if not gently:
            self._ending = now
            raise Interruption(self.exit_code)
        self._console.interject("Stopping after the requests in flight; once more to end at once.")

    def _obey(self) -> None:
        while (gently := self._wishes.get()) is not None:
            threading.Thread(target=self.halt.end, kwargs={"gently": gently}, daemon=True).start()


@contextmanager
def _nudged(woken: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """In here a signal is always heard. Python runs handlers on the main thread alone, and a signal does not
    wake that one when it comes just before the thread waits for a lock, or to another thread."""
    if _NUDGE is None:
        yield
        return
    signals, pythons = os.pipe()
    os.set_blocking(pythons, False)
    before = signal.signal(_NUDGE, woken)
    outer = signal.set_wakeup_fd(pythons, warn_on_full_buffer=False)
    main = threading.get_ident()
    try:
        threading.Thread(target=_nudge, args=(signals, main), name="voiceform-signals", daemon=True).start()
        yield
    finally:
        signal.set_wakeup_fd(outer)
        signal.signal(_NUDGE, before)
        os.close(pythons)


def _nudge(signals: int, thread: int) -> None:
    """Wake `thread` a few times after each signal, the number of which comes as a byte through a pipe, until
    that is closed."""
    while number := os.read(signals, 1):
        for _ in range(_NUDGES if number[0] != _NUDGE else 0):
            time.sleep(_BETWEEN_NUDGES)
            signal.pthread_kill(thread, signal.SIGURG)
    os.close(signals)
