"""The one way in which planned objects are deleted: look again, ask what keeps it, delete, take down, count.

What a recording and a call record need each of their own care hangs below (recordings.py, call_records.py).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import takewhile
from typing import ClassVar, Generic, NamedTuple, TypeVar

from voiceform.kinds.base import Done, Session
from voiceform.kinds.retention.call_lookup import CallBook
from voiceform.kinds.retention.deletion.ahead import Ahead
from voiceform.kinds.retention.deletion.outcomes import DeletionOutcomes, Ending
from voiceform.kinds.retention.deletion.recheck import Planned
from voiceform.kinds.retention.deletion.standing import SettledError, Standing, UnseenError
from voiceform.kinds.retention.details import DeletionOrder
from voiceform.kinds.retention.evidence.writer import Remarks, Scribe
from voiceform.kinds.retention.holds import HoldBook
from voiceform.kinds.retention.pacing.pace import Pace
from voiceform.kinds.retention.storage.archive import ArchiveError, Copy
from voiceform.model.errors import EvidenceLostError, TwilioError, VoiceformError
from voiceform.model.plan import Change
from voiceform.twilio.errors import AuthenticationError
from voiceform.twilio.operations import Asks, Ended

R = TypeVar("R")
"""What stands for an object after it was looked at again."""

ROUNDS = 4
"""How often an object is tried that could not be deleted for the moment."""


@dataclass(frozen=True, slots=True)
class Setback:
    """An object that is to be tried again, and what stood in the way.

    `sent` says that its deletion was, and not refused, so that it may be gone.
    """

    sid: str
    error: VoiceformError
    sent: bool


class Ready(NamedTuple):
    """An object that nothing keeps, with the copy that was made of it."""

    copy: Copy | None = None


class Judged(NamedTuple, Generic[R]):
    """A planned object that nothing keeps, as it was `found`. `may_leave` is what HoldBook.leave gave before
    the holds were asked."""

    sid: str
    found: R
    ready: Ready
    may_leave: Callable[[], None]
    sent: bool = False


NOT_BEGUN = Setback("", TwilioError("not begun: the run is to end"), sent=False)


def kept_by(holds: Sequence[str]) -> str:
    """Why something stays that holds keep."""
    return f"kept by the hold {', '.join(holds)}"


class Deletion(ABC, Generic[R]):
    """Deletes exactly the planned objects, but for those that are kept or not as planned any more.

    EvidenceLostError and StateError end the run; whatever else fails leaves that one object where it is.
    """

    thing: ClassVar[str]
    """What an object is called."""
    judges_ahead = False
    """Whether `judged` judges at all."""

    def __init__(self, change: Change, order: DeletionOrder, session: Session) -> None:
        self.change = change
        self.order = order
        self.session = session
        self.client = session.client
        self.book = CallBook(session.client)
        self.holds = HoldBook(session.store, self.book)
        self.outcomes = DeletionOutcomes(self.thing, self.client.runtime)
        self.scribe = Scribe(change, order.evidence, session)
        self.task = f"deleting ({change.address.name})"
        self.pace = None if order.pacing is None else Pace.of(order.pacing, session)

    @abstractmethod
    def planned(self) -> Iterable[Planned]:
        """The planned objects, oldest first."""

    def judged(self, batch: Sequence[Planned]) -> Iterable[Planned | Judged[R]]:
        """Those of a batch that may be deleted as they are, judged together a moment before their turn; the
        others as they came, which look and ask by themselves. StateError."""
        return batch

    @abstractmethod
    def pause(self, number: int) -> float:
        """The seconds before a round, from the second, which has the number 1."""

    @abstractmethod
    def look(self, planned: Planned) -> R | None:
        """The object as it is now; None only where Twilio itself says that there is none. TwilioError."""

    @abstractmethod
    def ready(self, found: R) -> Ready | None:
        """Ask whether anything keeps it, and make it ready to be deleted; None where it is kept, which then
        is counted and taken down. TwilioError, ArchiveError, StateError."""

    @abstractmethod
    def stands(self, found: R, ready: Ready) -> bool:
        """Ask once more what `ready` did: waiting for its turn took time in which a hold can land.

        Raises as `ready`."""

    @abstractmethod
    def request(self, sid: str, asks: Asks) -> Ended:
        """Ask Twilio to delete it. TwilioError, and what `asks` raises."""

    @abstractmethod
    def setback(self, setback: Setback, found: R | None) -> Setback | None:
        """What an error makes of one object: to be tried again, not begun, or ended, which then is counted
        and taken down."""

    @abstractmethod
    def give_up(self, setback: Setback) -> bool:
        """The last word on what could not be deleted in any round. False when it has not ended: it was not
        begun, or nobody knows yet what became of it."""

    @abstractmethod
    def take_down(self, sid: str, found: R | None, ending: Ending, remarks: Remarks) -> None:
        """Add its line of evidence."""

    def run(self) -> Done:
        """Delete, and say how the change ended."""
        try:
            return self._run()
        except EvidenceLostError as error:
            raise self.outcomes.lost(error) from error
        finally:
            if self.pace is not None:
                self.pace.end()

    def begin(self) -> None:
        """Take down what was planned, before anything is done."""
        self.scribe.begin(self.order)

    def gone(self, sid: str) -> None:
        """It was deleted before, by whomever."""
        self.outcomes.count(Ending.GONE)
        self.take_down(sid, None, Ending.GONE, Remarks())

    def spare(self, sid: str, found: R, reason: str, holds: Sequence[str], copy: Copy | None = None) -> None:
        """It stays: because of these holds, or because it is not as it was planned."""
        if holds:
            self.outcomes.held(holds)
        else:
            self.outcomes.count(Ending.MOVED)
        self.take_down(sid, found, Ending.HELD if holds else Ending.MOVED, Remarks(reason, copy))

    def fail(self, sid: str, found: R | None, error: VoiceformError) -> None:
        """It stays where it is because of an error."""
        self.outcomes.failed(error.what, error.hint, fatal=isinstance(error, AuthenticationError))
        self.take_down(sid, found, Ending.FAILED, Remarks(error.what, error=error))

    def count(self, found: R, ending: Ending) -> None:
        """Count one that Twilio deleted, or had deleted already."""
        self.outcomes.count(ending)

    def _run(self) -> Done:
        progress = self.session.progress
        self.begin()
        progress.start(self.task, self.order.total.count)
        again = self._first_round()
        for number in range(1, ROUNDS):
            if not again or not self._goes_on():
                break
            if self.session.clock.wait(self.session.stop, self.pause(number)):
                break
            again = list(self.session.run_all(self._once_more, again))
        for ended in self.session.run_all(self.give_up, again):
            progress.advance(self.task, ended)
        self.scribe.evidence.flush()
        progress.finish(self.task)
        stopped = not self.session.may_go_on()
        if self.pace is not None:
            self.outcomes.wait(self.pace.obstacle)
        return self.outcomes.done(self.change, self.order.total.count, stopped=stopped)

    def _goes_on(self, _: object = None) -> bool:
        if self.pace is not None and self.pace.obstacle is not None:
            return False
        return not self.outcomes.given_up and self.session.may_go_on()

    def _first_round(self) -> list[Setback]:
        """Each object once; what comes back is to be tried again."""
        in_flight = self.client.max_in_flight
        run_all = partial(self.session.run_all, self._first)
        if self.pace is None:  # else there may be hours before the first request
            run_all = partial(run_all, at_once=True)
        if not self.judges_ahead:
            return list(run_all(takewhile(self._goes_on, self.planned()), at_most=self.order.total.count))
        at_most = min(in_flight, self.order.total.count)
        # Answers come in swarms of up to all that are in flight: each finds an object that is judged already.
        with Ahead(self.judged, self.planned(), in_flight, self.client.runtime) as judged:
            return list(run_all(takewhile(self._goes_on, judged), at_most=at_most))

    def _first(self, planned: Planned | Judged[R]) -> Setback | None:
        """One object, on a worker's thread; what comes back is to be tried again."""
        setback = self._one(planned)
        if setback is None:
            self.session.progress.advance(self.task)
        return None if setback is NOT_BEGUN else setback

    def _once_more(self, setback: Setback) -> Setback | None:
        """As `_first`, in a later round; what is not begun in it comes back as it was, for a last word."""
        if not self._goes_on():
            return setback
        ended = self._one(Planned(setback.sid, None, setback.sent))
        if ended is None:
            self.session.progress.advance(self.task)
        return setback if ended is NOT_BEGUN else ended

    def _one(self, planned: Planned | Judged[R]) -> Setback | None:
        """Look, ask, delete; None when it has ended."""
        self.scribe.evidence.ensure_open()
        if isinstance(planned, Judged):
            return self._delete(planned)
        found = None
        try:
            found = self.look(planned)
            if found is None:
                self.gone(planned.sid)
                return None
            may_leave = self.holds.leave()
            ready = self.ready(found)
            if ready is None and planned.sent:
                self.outcomes.doubt()
            if ready is not None and self.pace is not None:
                if not self.pace.begin():
                    return NOT_BEGUN
                may_leave = self.holds.leave()
                ready = ready if self.stands(found, ready) else None
        except (TwilioError, ArchiveError) as error:
            return self.setback(Setback(planned.sid, error, planned.sent), found)
        return (
            None
            if ready is None
            else self._delete(Judged(planned.sid, found, ready, may_leave, planned.sent))
        )

    def _delete(self, judged: Judged[R]) -> Setback | None:
        sid, found, ready = judged.sid, judged.found, judged.ready
        requests: list[str] = []
        standing = Standing(self, sid, ready, judged.may_leave)
        asks = Asks(requests.append, standing.ask_again, standing.require_same)
        try:
            answer = standing.until_asked_in_time(lambda: self.request(sid, asks))
        except SettledError:
            return None
        except UnseenError as error:
            return self.setback(Setback(sid, error.why, sent=True), None)
        except (TwilioError, ArchiveError) as error:
            refused = isinstance(error, TwilioError) and error.nothing_done
            return self.setback(Setback(sid, error, judged.sent or not refused), found)
        ending = Ending.DELETED if answer is Ended.NOW else Ending.GONE
        self.count(found, ending)
        request_id = requests[-1] if requests else None
        self.take_down(sid, found, ending, Remarks(copy=ready.copy, request_id=request_id or None))
        return None
