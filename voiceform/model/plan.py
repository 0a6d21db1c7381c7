"""The plan: plain frozen data that can be written, read back, shown and run.

What `before` and `after` of a change hold:

    action   before                     after
    create   None                       the declared attributes
    update   the live attributes        the declared attributes
    delete   the live attributes        None
    no-op    the live attributes        the same
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from voiceform.model.address import Address
from voiceform.model.empty import empty
from voiceform.model.exit_codes import ExitCode
from voiceform.model.mode import Mode as Mode
from voiceform.model.resource import Attributes, Notes
from voiceform.model.safety import Freeze
from voiceform.model.scopes import Vocabulary
from voiceform.model.unshown import Hidden

FORMAT_VERSION = "1.0"


class Action(StrEnum):
    """What a change does to its object."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"
    NO_OP = "no-op"


UNREADABLE = "unreadable"
ADOPTED = "adopted"
"""The reason of a change that takes over a live object that nothing records."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One attribute that differs; `path` is dotted, with [n] for list items."""

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Kept:
    """How many things are spared that else would be destroyed: by things of that name, each a `keeper`."""

    count: int
    by: tuple[str, ...]
    keeper: str


PROTECT = "protect"
"""Under this name the protection of an object stands among its attributes, where it is shown or written."""


def with_protection(attributes: Attributes | None, protect: bool | None) -> Attributes | None:
    """`attributes` as a person declares them: with `protect`, where it can be said of the object."""
    return attributes if attributes is None or protect is None else {**attributes, PROTECT: protect}


@dataclass(frozen=True, slots=True)
class Change:
    """What will happen to one address.

    `reason` is for readers only and never steers apply. `operations` are operationIds, in order; an update
    without operations changes recorded state alone. `impact` says what people will feel. `fingerprint` is of
    the live object when planned, None when there is none, or where it stays as it is. `counts` is what the
    change weighs in each safety scope, for example {"delete:queue": 1} or {"call": 12}. `irreversible` says
    what of it no later run can take back. `details` is whatever else the kind needs to carry the change out
    (exact SIDs, due occurrences): plain JSON, which only the kind reads, but for the properties below.
    Instants that only say when it was decided stand in `details["as_of"]`: a plan made later may decide the
    same. `kept` is of that day too: what is spared that else would be destroyed. `hidden_before` and
    `hidden_after` say what of the attributes is not shown; what of the details, stands in the latter too.
    `notes_before` and `notes_after` are what people say of the object, which differs in `fields` too and is
    no attribute. Neither is whether it is protected, `protect_before` and `protect_after`: None where it is
    not there, or cannot be.
    """

    address: Address
    action: Action
    reason: str
    sid: str | None = None
    operations: tuple[str, ...] = ()
    before: Attributes | None = None
    after: Attributes | None = None
    fields: tuple[FieldChange, ...] = ()
    impact: tuple[str, ...] = ()
    fingerprint: str | None = None
    previous_address: Address | None = None
    depends_on: tuple[Address, ...] = ()
    counts: Mapping[str, int] = field(default_factory=empty)
    details: Mapping[str, Any] = field(default_factory=empty)
    irreversible: str | None = None
    kept: Kept | None = None
    hidden_before: Hidden = field(default_factory=empty)
    hidden_after: Hidden = field(default_factory=empty)
    notes_before: Notes = field(default_factory=empty)
    notes_after: Notes = field(default_factory=empty)
    protect_before: bool | None = None
    protect_after: bool | None = None

    @property
    def whole_before(self) -> Attributes | None:
        """`before` with the protection, as it is compared, shown and written."""
        return with_protection(self.before, self.protect_before)

    @property
    def whole_after(self) -> Attributes | None:
        """`after` with the protection."""
        return with_protection(self.after, self.protect_after)

    @property
    def notes(self) -> Notes:
        """What people say of the object: as declared, and of one that goes, as recorded."""
        return self.notes_before if self.action is Action.DELETE else self.notes_after

    @property
    def adopts(self) -> bool:
        """Whether it only records a live object that is as it is declared; nothing is sent."""
        return self.action is Action.UPDATE and self.reason == ADOPTED and not self.operations

    @property
    def kind(self) -> str:
        """The kind of the object, the first part of its address."""
        return self.address.kind

    @property
    def document(self) -> str | None:
        """The name of the file for the document that the object renders to: its attribute `twiml`."""
        return self._text("document")

    @property
    def evidence(self) -> str | None:
        """The place in which what it destroys is taken down."""
        return self._text("evidence")

    @property
    def minutes(self) -> int | None:
        """How long all that is lasted together which it destroys."""
        value = self.details.get("minutes")
        return value if isinstance(value, int) else None

    def _text(self, name: str) -> str | None:
        value = self.details.get(name)
        return value if isinstance(value, str) else None


class DriftStatus(StrEnum):
    """How a live object differs from what was recorded."""

    CHANGED = "changed"
    GONE = "gone"


@dataclass(frozen=True, slots=True)
class Drift:
    """A live object that is not as we left it: `before` is recorded, `after` is live (None when gone).
    `hidden` says what of both is not shown."""

    address: Address
    status: DriftStatus
    sid: str | None
    before: Attributes
    after: Attributes | None
    fields: tuple[FieldChange, ...] = ()
    explanation: str | None = None
    hidden: Hidden = field(default_factory=empty)


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """A live object that is neither declared nor recorded; listed, never touched.

    With the SID UNREADABLE it stands for entries of a list that cannot be read, and `name` says why.
    """

    kind: str
    sid: str
    name: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why the plan may not be applied as it is.

    `rule` names the refusal (`max_deletes`, `protect`, `hold`, ...). With a `scope`, `--approve SCOPE=N` with
    N >= `count` (or, for a scope that names one thing, `--approve SCOPE`'s own value) lifts it; without one
    nothing on the command line does.
    """

    rule: str
    message: str
    hint: str
    addresses: tuple[Address, ...] = ()
    scope: str | None = None
    count: int | None = None
    limit: str | None = None


@dataclass(frozen=True, slots=True)
class Caution:
    """What is probably not as it was meant, although the plan may be applied. `hint` says what to do."""

    address: Address
    message: str
    hint: str


@dataclass(frozen=True, slots=True)
class Summary:
    """How many changes of each action there are; `totals` sums what kinds count in them, such as people
    phoned, under the names that their scopes give (`Scope.total`)."""

    create: int = 0
    update: int = 0
    delete: int = 0
    no_op: int = 0
    totals: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class ConfigSource:
    """Which configuration a plan was made from: a digest over the merged document, or what makes it, and the
    files."""

    declared: str | Callable[[], str] = field(repr=False)
    files: tuple[str, ...]

    @property
    def digest(self) -> str:
        """That of the document; of a large one it is made in a second when it is first asked for."""
        return self.declared if isinstance(self.declared, str) else self.declared()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ConfigSource):
            return NotImplemented
        return self.files == other.files and self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.digest, self.files))


@dataclass(frozen=True, slots=True)
class StateVersion:
    """Which recorded state a plan was made from; lineage None and serial 0 when there was none."""

    lineage: str | None
    serial: int


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that apply will do, and what it was decided from.

    `complete` is False when targets or exclusions left something out; `targets` and `excludes` are the
    patterns that were typed, so that the same part can be planned again. `review_digest` is what
    plan_codec.sealed gave it; empty before. `place` is the API, and at Twilio the region, that was read; None
    for a review, which reads none. `made_for` is the instant of a plan that is about another one than that at
    which it was made: such a plan is for reading, and neither saved nor applied. `freezes` are those that
    are not over yet, for whoever applies it later. `vocabulary` is what the
    kinds of this program declare: whoever makes or reads a plan puts it in, and no document holds it.
    """

    plan_id: str
    created_at: datetime
    account_sid: str | None
    config: ConfigSource
    state: StateVersion
    mode: Mode
    complete: bool
    summary: Summary
    changes: tuple[Change, ...] = ()
    drift: tuple[Drift, ...] = ()
    unmanaged: tuple[Unmanaged, ...] = ()
    blocked: tuple[Blocked, ...] = ()
    warnings: tuple[Caution, ...] = ()
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    review_digest: str = ""
    place: str | None = None
    made_for: datetime | None = None
    freezes: tuple[Freeze, ...] = ()
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    @property
    def pending(self) -> tuple[Change, ...]:
        """The changes that do something."""
        return tuple(change for change in self.changes if change.action is not Action.NO_OP)

    def exit_code(self, *, detailed: bool) -> ExitCode:
        """That of a command which shows the plan: 4 when it is blocked; `detailed`, 2 for changes and 3 for
        drift alone; else 0."""
        if self.blocked:
            return ExitCode.BLOCKED
        if not detailed:
            return ExitCode.DONE
        if self.pending:
            return ExitCode.CHANGES
        return ExitCode.DRIFT if self.drift else ExitCode.DONE

    @property
    def in_force(self) -> tuple[Change, ...]:
        """What stays as it is and has an effect that is worth telling, such as a hold."""
        return tuple(change for change in self.changes if change.action is Action.NO_OP and change.impact)
