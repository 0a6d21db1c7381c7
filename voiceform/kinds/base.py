"""What the steps of a kind are given and return, and what a kind keeps and declares beside them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from voiceform.kinds.kind import Kind
from voiceform.kinds.lost import LostAnswers
from voiceform.kinds.turns import Turns
from voiceform.model.address import Address
from voiceform.model.clock import Clock
from voiceform.model.errors import VoiceformError
from voiceform.model.plan import UNREADABLE, Blocked, Caution, Change, Drift, Mode, Unmanaged
from voiceform.model.progress import Progress, Silent
from voiceform.model.resource import Desired, Recorded
from voiceform.model.run import Destruction, Status
from voiceform.model.runtime import MACHINE
from voiceform.model.safety import Ownership
from voiceform.model.scopes import Scope, Vocabulary, deletion
from voiceform.model.store import Document, DocumentReader, DocumentStore, StoredDocument, Write

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.paging import Unreadable


@dataclass(frozen=True, slots=True)
class RefreshContext:
    """What a kind may read with, and what for.

    `client` cannot write. `desired` and `recorded` hold this kind's objects only; with mode DESTROY `desired`
    is empty. `now` is the instant that the plan is made for.
    """

    client: Client
    store: DocumentReader
    now: datetime
    mode: Mode
    desired: Mapping[Address, Desired]
    recorded: Mapping[Address, Recorded]
    progress: Progress = field(default_factory=Silent)


@dataclass(frozen=True, slots=True)
class CompareContext:
    """What a kind may know while it compares, beside the live state: nothing that could be read from.

    As in RefreshContext.
    """

    now: datetime
    mode: Mode
    ownership: Ownership
    desired: Mapping[Address, Desired]
    recorded: Mapping[Address, Recorded]


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a kind proposes. `fields` of changes and drift are left empty: the engine fills them in.

    Blocked entries are for what only the kind can know (protections, holds, ambiguous live objects); the
    engine adds the safety limits from `Change.counts`. `warnings` are told in every plan and stop none.
    `totals` is how many objects there are, by the name that scopes have for them (`Scope.objects`), where
    state does not record them: deletions are limited to a share of them.
    """

    changes: Sequence[Change] = ()
    drift: Sequence[Drift] = ()
    unmanaged: Sequence[Unmanaged] = ()
    blocked: Sequence[Blocked] = ()
    warnings: Sequence[Caution] = ()
    totals: Mapping[str, int] = field(default_factory=dict)


def unreadable_entries(kind: str, unreadable: Unreadable, what: str) -> Unmanaged:
    """How a plan tells of entries of a list that cannot be read: they are left alone."""
    entries = f"{unreadable.count:,} of the account's {what} cannot be read"
    return Unmanaged(kind, UNREADABLE, f"{entries}: {unreadable.reason}")


@dataclass(frozen=True, slots=True)
class Documents:
    """Documents beside its records that a kind keeps in the state, under keys with a prefix of their own.

    `merge` says what becomes of such a document when a state is pushed over it, which holds the second one
    under its key (valid), or none. What is remembered so that nobody is phoned twice is never taken back.
    StateError where that cannot be told.
    """

    prefix: str
    merge: Callable[[StoredDocument, Document | None], Document]


class Evidence(Protocol):
    """Takes down what happened to each object that was destroyed or spared, durably and in order."""

    def ensure_open(self) -> None:
        """Raise EvidenceLostError when nothing more can be taken down; asked before each deletion."""

    def add(self, event: Mapping[str, Any]) -> None:
        """Append one line; raises EvidenceLostError when it cannot be stored."""

    def flush(self) -> None:
        """Store every line that was added before; raises EvidenceLostError."""

    def taken_down(self, run_id: str) -> frozenset[str]:
        """The SIDs, or other names, of what an earlier run took down as gone; raises EvidenceError."""


class NoEvidence:
    """Evidence is switched off."""

    def ensure_open(self) -> None:
        """Do nothing."""

    def add(self, event: Mapping[str, Any]) -> None:
        """Do nothing."""

    def flush(self) -> None:
        """Do nothing."""

    def taken_down(self, run_id: str) -> frozenset[str]:
        """Nothing."""
        return frozenset()


def no_evidence(_: str) -> Evidence:
    """Evidence for runs that destroy nothing of which any is kept."""
    return NoEvidence()


def _go_on() -> bool:
    return True


class RunAll(Protocol):
    """Works through many items on the run's own threads."""

    def __call__(
        self,
        function: Callable[[Any], Any],
        items: Iterable[Any],
        /,
        *,
        at_once: bool = False,
        at_most: int | None = None,
    ) -> Iterable[Any]:
        """Call `function` for each of `items` and yield what it returned, but for None, as it comes.

        With `at_once` the threads are there before the first item is; `at_most` is how many are of use: as
        many as there are items, where that is known.
        """


@dataclass(frozen=True, slots=True)
class Session:
    """What a kind may use while applying. `store` is fenced: every write proves that the lease still holds.

    A change that sends many requests asks `may_go_on` before each: False once the run is to stop,
    LeaseLostError when the lease is lost; `stop` is set once the run is to stop, and ends pauses. `evidence`
    opens the evidence of a place that a change's details name, or gives it again; EvidenceError. `shared` is
    what changes of one run have in common, by names of their kind's own. Whoever phones takes one of the
    `turns` before, asks `lost` whether anybody is to be phoned, and lets it hear what came of it.
    """

    client: Client
    store: DocumentStore
    clock: Clock
    run_id: str
    recorded: Mapping[Address, Recorded]
    run_all: RunAll
    progress: Progress = field(default_factory=Silent)
    may_go_on: Callable[[], bool] = _go_on
    stop: threading.Event = field(default_factory=MACHINE.event)
    evidence: Callable[[str], Evidence] = no_evidence
    shared: dict[str, Any] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)
    lost: LostAnswers = field(default_factory=LostAnswers)


@dataclass(frozen=True, slots=True)
class Done:
    """How a change ended, as the kind saw it.

    `recorded` is what state shall hold for the address from now on; None removes it when `status` is APPLIED
    and leaves it as it is otherwise. `writes` are further documents to write in the same batch. `record`,
    `destroyed` and `unknown` are told as model.run.Outcome has them. `is_open` leaves the change to the next
    run's settle: part of it was sent, and whether that happened nobody knows yet. `lets_go`: it came to its
    end, so that what depends on it may go on, although something was left.
    """

    status: Status
    recorded: Recorded | None = None
    sid: str | None = None
    message: str | None = None
    hint: str | None = None
    request_id: str | None = None
    writes: tuple[Write, ...] = ()
    record: str | None = None
    destroyed: Destruction | None = None
    is_open: bool = False
    lets_go: bool = False
    unknown: Mapping[str, int] = field(default_factory=dict)


class HalfSettledError(Exception):
    """What a kind cannot find out now of what a dead run did (`cause`), and what it knows nevertheless.

    `found` holds changes as `Kind.settle` tells them. Those that may have happened and cannot be looked for
    are in it, too, UNKNOWN and `is_open`: people hear of them at once, and the next run looks again.
    """

    def __init__(self, cause: VoiceformError, found: Mapping[Address, Done]) -> None:
        super().__init__(str(cause))
        self.cause = cause
        self.found = found


def vocabulary(kinds: Iterable[Kind[Any]]) -> Vocabulary:
    """What all of `kinds` declare. ValueError where two of them mean different things by one name."""
    every = tuple(kinds)
    return Vocabulary.of(
        [scope for kind in every for scope in (*kind.scopes, *_own_deletion(kind))],
        {kind.name: kind.command for kind in every if kind.command is not None},
    )


def _own_deletion(kind: Kind[Any]) -> list[Scope]:
    """What is gone can be forgotten for every kind, and weighs as a deletion."""
    own = deletion(kind.name)
    return [] if any(scope.name == own.name for scope in kind.scopes) else [own]
