"""Bugs that are planted, to see that the auditor finds them: worlds that break what voiceform relies on, and
versions of voiceform that leave a step out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.simulation.network import Network, Sent, SimSocket
from tests.simulation.people import CHANCES
from tests.simulation.runtime import SimLock, SimRuntime
from tests.simulation.scheduler import Carriers, Process
from tests.simulation.store import SimPlace, SimSink, SimStore
from tests.simulation.universe import Universe
from voiceform.engine import settle, undo
from voiceform.kinds.call.dialling import dialler, due, verdicts
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.dialling.waves import Unfolding
from voiceform.kinds.call.ledger import store
from voiceform.kinds.call.ledger.entries import IN_DOUBT, CallStatus
from voiceform.kinds.call.ledger.store import Head, Ledger, LedgerReader
from voiceform.kinds.call.retry import Retry
from voiceform.kinds.conference import act as conference
from voiceform.kinds.retention.erasure.deleting import PersonsCallRecords
from voiceform.kinds.retention.erasure.survey import Tracer
from voiceform.kinds.retention.evidence.places import File, Sink
from voiceform.kinds.retention.holds import HoldBook
from voiceform.model.errors import TwilioError
from voiceform.model.numbers import person
from voiceform.model.store import Write
from voiceform.state.backend import Guard
from voiceform.state.heartbeat import Heartbeat
from voiceform.state.lease import _Watch


class BlindStore(SimStore):
    """Overwrites whatever is there."""

    def _expects(self, write: Write) -> bool:
        return True


class UnfencedStore(SimStore):
    """Lets everybody write."""

    def _pass(self, guard: Guard, lease_key: str) -> None:
        """Nobody is asked."""


class StaleStore(SimStore):
    """Says for ever what the version of a document was at first."""

    def version(self, key: str) -> str | None:
        seen: dict[str, str | None] = self.__dict__.setdefault("seen", {})
        return seen.setdefault(key, super().version(key))


class HastyUniverse(Universe):
    """The store says that something is stored before it is: a process that is killed takes its last write
    with it."""

    def kill(self, process: Process) -> None:
        super().kill(process)
        for key, before in self.disk.undo.get(process.name, {}).items():
            if before is None:
                self.disk.documents.pop(key, None)
            else:
                self.disk.documents[key] = before


class RepeatingSocket(SimSocket):
    """Sends a request again when its answer was lost, as some libraries do."""

    def _meet_fate(self, sent: Sent, data: bytes) -> None:
        self.data = data
        self.request = sent
        super()._meet_fate(sent, data)

    def _lose(self) -> None:
        self._answer(self.network.server.carry_out(self.request, self.data))


class RepeatingNetwork(Network):
    """Of such sockets."""

    kind = RepeatingSocket


class SleepingRuntime(SimRuntime):
    """Its uptime stands still while the process does."""

    def lifetime(self) -> float:
        return self.scheduler.now - self.process.paused_for


class OpenLock(SimLock):
    """Lets everybody in."""

    def acquire(self, blocking: bool = True) -> bool:
        self._scheduler.pass_by("lock", always=False)
        return True

    def release(self) -> None:
        """There is nothing to give back."""


class OpenRuntime(SimRuntime):
    """With such locks."""

    def lock(self) -> SimLock:
        return OpenLock(self.scheduler)


class OpenUniverse(Universe):
    """In which threads, which have such locks, change places wherever they can."""

    make_runtime = staticmethod(OpenRuntime)

    def __init__(self, seed: int, carriers: Carriers, folder: Path) -> None:
        super().__init__(seed, carriers, folder)
        self.scheduler.eagerness = 1.0


class UnsyncedSink(SimSink):
    """Leaves what is written to the system."""

    def sync(self) -> None:
        self.place.step("sync")

    def close(self) -> None:
        """The power fails soon after the run, now and then: it takes what was not synced by then."""
        if self.place.runtime.scheduler.random.random() < 0.3:
            self.place.vault.pending[self.name].clear()


class UnsyncedPlace(SimPlace):
    """With such files."""

    def begin(self, file: File) -> Sink:
        super().begin(file)
        return UnsyncedSink(self, file.name)


def _taken_for_unsent(error: TwilioError) -> CallStatus:
    status = _OUTCOME_OF(error)
    return CallStatus.DEFERRED if status is CallStatus.UNKNOWN else status


_OUTCOME_OF = dialler._outcome_of
_CHANGE = Ledger.change


def _uncounted(self: Ledger, *args: Any, first: Write | None = None, **rest: Any) -> Any:
    return _CHANGE(self, *args, **rest)


def _whoever_was_tried(wanted: Any, called: Any, elsewhere: Any) -> Any:
    """Who was put off counts as called, also once he is not declared any more."""
    return [to for to in wanted if to in called or (person(to) or to) not in elsewhere], called


def _open(self: Unfolding, found: object, group: object, opened: Any, since: object) -> Any:
    return opened


def _unpaused(self: Placer, seen: Any) -> Any:
    return LedgerReader(seen, self.ledger.name).head(), None


def _same_for_ever(self: Placer, head: Head) -> bool:
    return head.closed


def _an_hour_ago(now: datetime, _: object) -> datetime:
    return now - timedelta(hours=1)


def _as_they_stand(entries: Any, *_: object) -> Any:
    return dict(entries)


def _at_once(self: Retry, attempt: int) -> timedelta:
    return timedelta(0)


_IS_DEAD = _Watch.is_dead


def _seen_before(self: _Watch, lease: Any, now: Any, _: Any) -> bool:
    return _IS_DEAD(self, lease, now, now)


def _never(*_: object, **__: object) -> None:
    """What is asked for is never so."""


def _for_no_reason(*_: object) -> Any:
    return None, ()


def _nothing(*_: object, **__: object) -> Any:
    return ()


@dataclass(frozen=True, slots=True)
class Bug:
    """One bug: the universe that has it, what is left out of voiceform while it is planted, and what happens
    more often in these universes, so that it is found soon."""

    universe: type[Universe] = Universe
    leaves_out: tuple[tuple[Any, str, Any], ...] = ()
    chances: Mapping[str, float] = field(default_factory=dict)

    @contextmanager
    def planted(self) -> Iterator[type[Universe]]:
        """The universe to run, as long as it is planted."""
        before = [(owner, name, getattr(owner, name)) for owner, name, _ in self.leaves_out]
        try:
            for owner, name, instead in self.leaves_out:
                setattr(owner, name, instead)
            yield type("Likely", (self.universe,), {"chances": {**CHANCES, **self.chances}})
        finally:
            for owner, name, was in before:
                setattr(owner, name, was)


def _with(**makes: Any) -> type[Universe]:
    return type("Planted", (Universe,), {name: staticmethod(made) for name, made in makes.items()})


_STANDING_STILL = {"doom": 0.9, "kill": 0.05}

BUGS = {
    "no compare-and-swap": Bug(_with(make_store=BlindStore)),
    "no fence": Bug(_with(make_store=UnfencedStore), chances=_STANDING_STILL),
    "stored too late": Bug(HastyUniverse),
    "a stale version of the holds": Bug(_with(make_store=StaleStore), chances={"hold": 1.0}),
    "a wire that repeats": Bug(_with(make_network=RepeatingNetwork)),
    "an uptime that sleeps": Bug(_with(make_runtime=SleepingRuntime), chances=_STANDING_STILL),
    "locks that let everybody in": Bug(OpenUniverse),
    "evidence that is not synced": Bug(_with(make_place=UnsyncedPlace)),
    "a lost answer taken for unsent": Bug(leaves_out=((dialler, "_outcome_of", _taken_for_unsent),)),
    "calls that are not counted": Bug(leaves_out=((Ledger, "change", _uncounted),)),
    "a lease that is never asked": Bug(
        leaves_out=((Heartbeat, "ensure_held", _nothing),), chances=_STANDING_STILL
    ),
    "holds that are read once": Bug(leaves_out=((HoldBook, "_look", _nothing),), chances={"hold": 1.0}),
    "dead runs that nobody settles": Bug(
        leaves_out=((settle, "unfinished_runs", _nothing),), chances={"doom": 0.6, "kill": 0.8}
    ),
    "a look at the lock that takes long": Bug(
        leaves_out=((_Watch, "is_dead", _seen_before),), chances=_STANDING_STILL
    ),
    "whose call was put off is called for ever": Bug(
        leaves_out=((due, "_concerned", _whoever_was_tried),), chances={"spell": 1.0, "twins": 1.0}
    ),
    "waves that wait for nobody": Bug(leaves_out=((Unfolding, "_following", _open),)),
    "waves that do not stop": Bug(leaves_out=((Unfolding, "_wrong", _never),)),
    "a pause that nobody looks for": Bug(
        leaves_out=((Placer, "_standing", _unpaused),), chances={"pause": 1.0}
    ),
    "calls that are taken back under one address": Bug(
        leaves_out=((due, "_SETTLED_FOR_ALL", IN_DOUBT),), chances={"cancel": 1.0}
    ),
    "a list that is read once": Bug(
        leaves_out=((Placer, "_is_over", _same_for_ever), (Placer, "is_replaced", lambda _: False)),
        chances={"twins": 1.0},
    ),
    "who was perhaps phoned into a room is forgotten": Bug(
        leaves_out=((conference, "_NOT_SENT", (TwilioError,)),)
    ),
    "times that are over are made up for": Bug(leaves_out=((verdicts, "latest_known", _an_hour_ago),)),
    "who was erased is not known again": Bug(
        leaves_out=((store, "known_again", _as_they_stand), (Ledger, "_marked", lambda _, key: key)),
        chances={"erase": 1.0, "spell": 0.0, "doom": 0.05},
    ),
    "records whose recordings are held are erased": Bug(
        leaves_out=(
            (PersonsCallRecords, "reason_of_recordings", _for_no_reason),
            (Tracer, "_ruling", _never),
        ),
        chances={"erase": 1.0},
    ),
    "what was changed since is undone, too": Bug(
        leaves_out=((undo, "_moved", _never),), chances={"undo": 1.0}
    ),
    "further attempts without delay": Bug(leaves_out=((Retry, "delay", _at_once),)),
}
