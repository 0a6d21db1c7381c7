"""What a kind is: seven steps, each with plain data in and plain data out.

    parse    configuration  -> desired state, with diagnostics
    refresh  account, state, files -> live state (the only step of a plan that reads)
    compare  desired, recorded, live -> proposed changes, drift, unmanaged (pure)
    act      one change -> done, through the write client
    settle   changes whose outcome nobody recorded -> what became of them
    export   account, state -> configuration
    assume_applied   desired -> recorded and live, as if it had been applied; for reviews

Beside these a kind declares what its changes count and what it keeps in the state. Whatever else it can be
asked has an answer here. What the steps are given and return is in base.py, which is not imported for a
configuration that is only read.

The engine owns everything between: field differences, targets, safety, order, the plan, the journal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from voiceform.model.address import Address
from voiceform.model.diagnostics import Report
from voiceform.model.document import Block
from voiceform.model.errors import UsageError
from voiceform.model.resource import Desired

if TYPE_CHECKING:
    from pathlib import Path

    from voiceform.kinds.base import CompareContext, Comparison, Documents, Done, RefreshContext, Session
    from voiceform.kinds.details import Details
    from voiceform.model.exported import Export
    from voiceform.model.plan import Change
    from voiceform.model.resource import Recorded
    from voiceform.model.scopes import Scope
    from voiceform.model.store import DocumentReader
    from voiceform.twilio.client import Client

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
    answers: ClassVar[bool] = False
    """Whether a call can be answered with one of its objects."""
    command: ClassVar[str | None] = None
    """The command that plans and applies this kind alone, if there is one."""

    local_findings: ClassVar[frozenset[str]] = frozenset()
    """Codes of findings about one value, right or wrong whatever stands around it: they are told also of an
    entry in which something else is wrong."""
    stand_ins: ClassVar[Mapping[str, Any]] = {}
    """What stands in, in such an entry, for what it cannot be without."""

    def strangers(self, _store: DocumentReader) -> bool:
        """Whether it is to be asked where nothing of it is declared or recorded."""
        return True

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """Everything that its changes count. Its own objects have one in any case: `delete:NAME`."""
        return ()

    @property
    def documents(self) -> tuple[Documents, ...]:
        """What it keeps in the state beside its records."""
        return ()

    @property
    def details(self) -> type[Details]:
        """What its changes carry beside their fields."""
        from voiceform.kinds.details import NoDetails

        return NoDetails

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

        An address that is missing from the answer had no effect and may be planned anew. Raises what reading
        raises; HalfSettledError where something is known all the same.
        """

    @abstractmethod
    def export(self, client: Client, recorded: Mapping[Address, Recorded], folder: Path) -> Export:
        """What the account has of this kind and what is recorded of it, as entries for its section. Reads.

        Objects that are recorded keep their keys. Paths of files are written as from `folder`.
        """

    def answer(self, desired: Desired) -> str | None:
        """The TwiML that brings a caller to the object; None for kinds without `answers`."""
        return None

    def foreseeing(self, changes: Sequence[Change], session: Session) -> AbstractContextManager[None]:
        """While this is open, what acting on these changes looks at first may be read already, and threads
        be kept on one processor: that none of them is recorded yet allows no more than reading. What is
        recorded the session does not know yet. What fails is met again, and told, by `act`."""
        return nullcontext()

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
