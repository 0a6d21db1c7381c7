"""What a kind is: seven steps, each with plain data in and plain data out.

    parse    configuration  -> desired state, with diagnostics
    refresh  account, state, files -> live state (the only step of a plan that reads)
    compare  desired, recorded, live -> proposed changes, drift, unmanaged (pure)
    act      one change -> done, through the write client
    settle   changes whose outcome nobody recorded -> what became of them
    export   account, state -> configuration
    assume_applied   desired -> recorded and live, as if it had been applied; for reviews

Beside these a kind declares what its changes count and what it keeps in the state. Whatever else it can be
asked has an answer here.

The engine owns everything between: field differences, targets, safety, order, the plan, the journal.
"""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Protocol, TypeVar

from voiceform.kinds.details import Details, NoDetails
from voiceform.kinds.turns import Turns
from voiceform.model.address import Address
from voiceform.model.clock import Clock
from voiceform.model.diagnostics import Report
from voiceform.model.document import Block
from voiceform.model.errors import UsageError
from voiceform.model.exported import Export
from voiceform.model.plan import UNREADABLE, Blocked, Caution, Change, Drift, Mode, Unmanaged
from voiceform.model.progress import Progress, Silent
from voiceform.model.resource import Desired, Recorded
from voiceform.model.run import Destruction, Status
from voiceform.model.safety import Ownership
from voiceform.model.scopes import Scope, Vocabulary, deletion
from voiceform.model.store import Document, DocumentReader, DocumentStore, StoredDocument, Write

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.paging import Unreadable

L = TypeVar("L")
"""What a kind's refresh returns and its compare reads."""


@dataclass(frozen=True, slots=True)
class ParseContext:
    """The surroundings of one parse.

    `document` is the whole merged configuration (schema-valid); `kinds` are the earlier kinds by their names,
    and `desired` is what they declared, for references; `report` takes every finding, so that all are shown
    at once. `may_be_declared` says of what is not in `desired` that it may be in what could not be read.
    """

    document: Block
    desired: Mapping[Address, Desired]
    report: Report
    kinds: Mapping[str, Kind[Any]] = field(default_factory=dict)
    may_be_declared: Callable[[Address], bool] = lambda _: False


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


@dataclass(frozen=True, slots=True)
class Session:
    """What a kind may use while applying. `store` is fenced: every write proves that the lease still holds.

    `run_all` calls a function for many items on the run's own threads and yields results as they end.
    A change that sends many requests asks `may_go_on` before each: False once the run is to stop,
    LeaseLostError when the lease is lost; `stop` is set once the run is to stop, and ends pauses. `evidence`
    opens the evidence of a place that a change's details name, or gives it again; EvidenceError. `shared` is
    what changes of one run have in common, by names of their kind's own. Whoever phones takes one of the
    `turns` before.
    """

    client: Client
    store: DocumentStore
    clock: Clock
    run_id: str
    recorded: Mapping[Address, Recorded]
    run_all: Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]
    progress: Progress = field(default_factory=Silent)
    may_go_on: Callable[[], bool] = _go_on
    stop: threading.Event = field(default_factory=threading.Event)
    evidence: Callable[[str], Evidence] = no_evidence
    shared: dict[str, Any] = field(default_factory=dict)
    turns: Turns = field(default_factory=Turns)


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


class Kind(ABC, Generic[L]):
    """One kind of object. Instances hold no state; there is one per program, made in the wiring.

    A kind has to have `name`, `section`, `rank` and the seven methods that are abstract. Everything else is
    optional: what is declared here as nothing, or answered here for a kind that has nothing to say, is all
    that the house asks; nowhere else does it ask of which kind something is.
    """

    name: ClassVar[str]
    """The first part of its addresses: `queue`."""
    section: ClassVar[str]
    """Its key at the top level of the configuration: `queues`."""
    beside: ClassVar[frozenset[str]] = frozenset()
    """Further keys at the top of the configuration that it reads: lists of what its objects refer to by name.
    They are looked at also where its section is not there."""
    rank: ClassVar[int]
    """Creations and updates go from low to high rank, deletions from high to low."""
    scopes: ClassVar[tuple[Scope, ...]] = ()
    """Everything that its changes count. Its own objects have one in any case: `delete:NAME`."""
    documents: ClassVar[tuple[Documents, ...]] = ()
    """What it keeps in the state beside its records."""
    details: ClassVar[type[Details]] = NoDetails
    """What its changes carry beside their fields."""
    answers: ClassVar[bool] = False
    """Whether a call can be answered with one of its objects."""
    command: ClassVar[str | None] = None
    """The command that plans and applies this kind alone, if there is one."""

    local_findings: ClassVar[frozenset[str]] = frozenset()
    """Codes of findings about one value, right or wrong whatever stands around it: they are told also of an
    entry in which something else is wrong."""
    stand_ins: ClassVar[Mapping[str, Any]] = {}
    """What stands in, in such an entry, for what it cannot be without."""

    @abstractmethod
    def parse(self, section: Any, context: ParseContext) -> list[Desired]:  # noqa: ANN401 - YAML value
        """Desired objects of a schema-valid section; what the schema cannot say goes to the context."""

    @abstractmethod
    def refresh(self, context: RefreshContext) -> L:
        """Read the live state, and of files all that comparing needs. Raises TwilioError; must not write
        anywhere."""

    @abstractmethod
    def compare(self, context: CompareContext, live: L) -> Comparison:
        """Propose changes. Pure: it reads nothing, and same input gives same output."""

    @abstractmethod
    def assume_applied(
        self, base: Sequence[Desired], head: Sequence[Desired]
    ) -> tuple[Mapping[Address, Recorded], L]:
        """Recorded and live state as if `base` had just been applied, for reviews without an account. Of
        files live state has what comparing `head` with it needs."""

    @abstractmethod
    def act(self, change: Change, session: Session) -> Done:
        """Carry out one change exactly as planned. Reads the object again first; a moved one is STALE."""

    @abstractmethod
    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        """Find out by reading what became of changes that a dead run began.

        An address that is missing from the answer had no effect and may be planned anew.
        """

    @abstractmethod
    def export(self, client: Client, recorded: Mapping[Address, Recorded], folder: Path) -> Export:
        """What the account has of this kind and what is recorded of it, as entries for its section. Reads.

        Objects that are recorded keep their keys. Paths of files are written as from `folder`.
        """

    def answer(self, desired: Desired) -> str | None:
        """The TwiML that brings a caller to the object; None for kinds without `answers`."""
        return None

    def irreversible(self, change: Change) -> str | None:
        """What of this change no later run can take back, in a few words; None when nothing.

        Shown before apply and, where it is not None, the reason why `undo` leaves the change alone.
        """
        return None

    def previous_declaration(self, change: Change) -> Desired | None:
        """The declaration under which the object would be as it was before `change`, which was applied; None
        when it was not there. Raises UsageError for kinds whose changes are taken back in their files alone.
        """
        raise UsageError(
            f"{change.address}: undo does not take back a {self.name}",
            hint="change the configuration back, and apply it",
        )

    def adopt(self, address: Address, sid: str, client: Client) -> Recorded:
        """What to record so that `address` stands for the live object `sid`; reads only.

        Raises UsageError for kinds whose objects cannot be taken over, NotFoundError for an unknown SID.
        """
        raise UsageError(
            f"{address}: a {self.name} cannot be imported", hint="only live objects with a SID can"
        )

    def check_move(self, record: Recorded, reader: DocumentReader) -> None:
        """Raise UsageError where a record may not stand under another address by itself, because something
        else of the object is known under the one that it has."""

    def check_recorded(self, recorded: Mapping[Address, Recorded], reader: DocumentReader) -> None:
        """Read everything that a state holds for this kind, as commands will; for states from outside.

        `recorded` are its records, `reader` gives its other documents. What cannot be read raises
        VoiceformError or ValueError. Nothing is checked here for kinds that the schema describes whole.
        """


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
