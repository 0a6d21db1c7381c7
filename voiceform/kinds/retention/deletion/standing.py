"""Whether what was asked before a deletion still holds when its request leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, TypeVar

from voiceform.kinds.retention.deletion.recheck import Planned
from voiceform.kinds.retention.holds import HoldsMovedError
from voiceform.model.errors import TwilioError, VoiceformError
from voiceform.twilio.errors import ConnectionFailedError
from voiceform.twilio.operations import Ended

if TYPE_CHECKING:
    from voiceform.kinds.retention.deletion.base import Deletion, Ready

R = TypeVar("R")


class SettledError(VoiceformError):
    """It was found gone or kept, counted and taken down: nothing is left to be asked for."""


class UnseenError(VoiceformError):
    """Its deletion was sent, and whether it is there could not be seen: `why`."""

    def __init__(self, why: TwilioError) -> None:
        super().__init__(why.what)
        self.why = why


class _AskAgainError(ConnectionFailedError):
    """Holds are others than when it was asked what keeps an object; of this attempt nothing was sent."""


class Standing(Generic[R]):
    """Keeps an answer about what keeps an object from growing old: a request may wait for its turn, and a
    repetition for minutes, and in that time a hold can land. `may_leave` is what HoldBook.leave gave before
    that answer."""

    def __init__(self, deletion: Deletion[R], sid: str, ready: Ready, may_leave: Callable[[], None]) -> None:
        self._deletion, self._sid, self._ready = deletion, sid, ready
        self._may_leave = may_leave
        self._left = False

    def until_asked_in_time(self, request: Callable[[], Ended]) -> Ended:
        """What `request` returns, begun anew as long as nothing of it has left and holds were others."""
        while True:
            try:
                return request()
            except _AskAgainError:
                if self._left:
                    raise
                self.ask_again()

    def ask_again(self) -> None:
        """Look and ask once more: an attempt that failed may have deleted it. SettledError, UnseenError,
        and as `stands`."""
        may_leave = self._deletion.holds.leave()
        found = self._look()
        if found is None:
            self._deletion.gone(self._sid)
            raise SettledError("it is gone")
        if not self._deletion.stands(found, self._ready):
            if self._left:
                self._deletion.outcomes.doubt()
            raise SettledError("it is kept")
        self._may_leave = may_leave

    def _look(self) -> R | None:
        try:
            return self._deletion.look(Planned(self._sid, None, sent=True))
        except TwilioError as error:
            raise UnseenError(error) from error

    def require_same(self) -> None:
        """_AskAgainError where holds are others by now; StateError where nobody can tell.

        Only the state is asked here, where a request has its turn already: who went back to ask the account
        might find the answer too old each time its turn has come."""
        try:
            self._may_leave()
        except HoldsMovedError:
            raise _AskAgainError(
                f"holds changed while the deletion of {self._sid} waited for its turn",
                operation="delete",
                where=self._sid,
            ) from None
        self._left = True
