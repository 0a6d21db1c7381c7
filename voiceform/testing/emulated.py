"""An emulated account whose time and that of the stacks about it are one."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from typing import Any, Self

from voiceform.emulator import Emulator as Server
from voiceform.emulator import EmulatorSettings
from voiceform.model.clock import ManualClock
from voiceform.model.errors import MissingExtraError
from voiceform.stack.account import Account

ACCOUNT_SID = "AC" + "e" * 32
TOKEN = "emulated"  # noqa: S105 - the emulator takes any
START = datetime(2026, 1, 1, tzinfo=UTC)


class Emulator(Server):
    """The Twilio Voice API on a free port of this machine; a context manager.

    `account` is how a stack signs in, and `time` its clock: it stands at `start` until it is moved, and the
    account moves with it. Everything else is as with `voiceform.emulator.Emulator`: `seed`, `requests`,
    `faults`, `stats`, and the options of its settings. Starting raises MissingExtraError where the extra
    `emulator` is not installed.
    """

    def __init__(
        self,
        settings: EmulatorSettings | None = None,
        *,
        start: datetime = START,
        **options: Any,  # noqa: ANN401 - fields of the settings
    ) -> None:
        super().__init__(settings, **options)
        self._begin = start
        self.time = SharedClock(start, self)

    @property
    def account(self) -> Account:
        """The account that everything is about when nothing else is said."""
        return self.account_of(ACCOUNT_SID)

    def account_of(self, account_sid: str) -> Account:
        """An account of that SID; the emulator knows every one."""
        return Account.with_token(account_sid, TOKEN, base_url=self.url)

    def start(self) -> Self:
        """Start the server, with its clock at the beginning."""
        try:
            super().start()
        except ModuleNotFoundError as error:
            raise MissingExtraError("the emulator", "emulator") from error
        self._stand()
        return self

    def reset(self) -> None:
        """No data, no log, no faults; the time of the beginning."""
        super().reset()
        self._stand()

    def clock(self, **change: Any) -> dict[str, Any]:  # noqa: ANN401
        """The clock of the account, after moving it; `time` moves with it."""
        found = super().clock(**change)
        if change:
            self.time.follow(datetime.fromisoformat(found["now"]))
        return found

    def _stand(self) -> None:
        super().clock(frozen=True)
        self.clock(now=self._begin.isoformat())


class SharedClock(ManualClock):
    """A clock that moves the account of an emulator with it; safe for many threads."""

    def __init__(self, start: datetime, emulator: Server) -> None:
        super().__init__(start)
        self._emulator = emulator
        self._moving = threading.Lock()

    def sleep(self, seconds: float) -> None:
        """Advance both by `seconds`."""
        with self._moving:
            super().sleep(seconds)
            self._tell()

    def set(self, instant: datetime) -> None:
        """Let both jump to `instant`, also backwards."""
        with self._moving:
            super().set(instant)
            self._tell()

    def follow(self, instant: datetime) -> None:
        """Jump to where the account is already."""
        super().set(instant)

    def _tell(self) -> None:
        Server.clock(self._emulator, now=self.now().isoformat())
