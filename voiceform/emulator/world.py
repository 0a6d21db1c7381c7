"""Everything that one running emulator has: data, clock, profile, switches. No two servers share any of
it.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, fields, replace
from random import Random
from typing import get_type_hints

from voiceform.emulator.clock import Clock
from voiceform.emulator.errors import ControlError
from voiceform.emulator.profiles import profile
from voiceform.emulator.settings import EmulatorSettings, Switches
from voiceform.emulator.sids import new_sid
from voiceform.emulator.store import Store

CALLBACKS_KEPT = 10_000


@dataclass(slots=True)
class Callback:
    """A webhook. ``status`` is None before it is sent, then the answer's status or the reason why there is
    none.
    """

    account: str
    method: str
    url: str
    params: dict[str, str]
    at: int
    status: int | str | None = None


class World:
    """The state of an emulator. ``now`` is the instant of the request that is being answered."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self.settings = settings
        self.switches = settings.switches
        self.profile = profile(settings.profile)
        self.store = Store(settings.db)
        self.random = Random(settings.random_seed)
        self.clock = self._saved_clock()
        self.now = self.clock.now()
        self.next_due = self._next_due()
        self.origin = ""
        self.resets = 0
        self.tokens: dict[str, str] = {}
        self.outbox: deque[Callback] = deque()
        self.callbacks: deque[Callback] = deque(maxlen=CALLBACKS_KEPT)

    def sid(self, prefix: str) -> str:
        """A new SID."""
        return new_sid(self.random, prefix)

    def post(self, account: str, method: str, url: str, params: dict[str, str]) -> None:
        """Send a webhook as soon as the postman comes by."""
        callback = Callback(account, method, url, params, self.now)
        self.outbox.append(callback)
        self.callbacks.append(callback)

    def save_clock(self) -> None:
        """Keep the clock's offset with the data, so that a file that is opened again goes on in its own
        time.
        """
        saved = json.dumps({"offset": self.clock.offset, "frozen_at": self.clock.frozen_at})
        self.store.run("INSERT OR REPLACE INTO meta VALUES ('clock', ?)", saved)

    def reset(self) -> None:
        """Forget all data, and return to real time and to the switches of the start."""
        self.resets += 1
        self.store.clear()
        self.clock = Clock()
        self.switches = self.settings.switches
        self.random = Random(self.settings.random_seed)
        self.now = self.clock.now()
        self.next_due = None
        self.tokens.clear()
        self.outbox.clear()
        self.callbacks.clear()

    def switch(self, changes: dict[str, object]) -> None:
        """Change switches by name; raises ``ControlError`` for an unknown name or a value of the wrong
        type.
        """
        hints = get_type_hints(Switches)
        for name, value in changes.items():
            if name not in {known.name for known in fields(Switches)}:
                raise ControlError(f"unknown switch {name!r}; there are {', '.join(sorted(hints))}")
            if not _fits(hints[name], value):
                raise ControlError(f"switch {name}: {value!r} does not fit {hints[name]}")
        self.switches = replace(self.switches, **changes)  # type: ignore[arg-type]

    def _saved_clock(self) -> Clock:
        row = self.store.one("SELECT value FROM meta WHERE name = 'clock'")
        return Clock(**json.loads(row["value"])) if row else Clock()

    def _next_due(self) -> int | None:
        row = self.store.one("SELECT min(due) AS due FROM events")
        return row["due"] if row else None


def _fits(hint: object, value: object) -> bool:
    """Whether a value has the type of a switch: a literal's words, a flag or a number."""
    words = getattr(hint, "__args__", None)
    if words is not None:
        return value in words
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is hint
