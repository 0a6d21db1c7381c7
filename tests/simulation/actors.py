"""Who is at work in a universe: processes that run one command each, on voiceform's own front door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import voiceform
from tests.simulation.declared import CAMPAIGN
from tests.simulation.runtime import SimClock, SimEvent, SimRuntime
from tests.simulation.scheduler import Process
from tests.simulation.undoing import Undone
from voiceform.kinds.call.details import CallDetails
from voiceform.kinds.retention.evidence.places import Place
from voiceform.stack.parts import Parts

if TYPE_CHECKING:
    from tests.simulation.network import Sent
    from tests.simulation.universe import Universe


@dataclass(frozen=True, slots=True)
class Spell:
    """A while in which most requests, or connections, have one fate."""

    begin: float
    end: float
    fate: str


@dataclass(slots=True)
class Weather:
    """How probable it is that something goes wrong: for each request, connection and step to the store."""

    faults: float = 0.0
    unreachable: float = 0.0
    slow_store: float = 0.0
    lost_store: float = 0.0
    spells: list[Spell] = field(default_factory=list)

    def calm(self) -> None:
        """Nothing does."""
        self.faults = self.unreachable = self.slow_store = self.lost_store = 0.0
        self.spells.clear()

    def spell(self, now: float) -> str | None:
        """The fate of most, while there is a spell."""
        return next((spell.fate for spell in self.spells if spell.begin <= now < spell.end), None)


@dataclass(slots=True, eq=False)
class Cue:
    """The moment at which the so-many-th request of an operation leaves, or of those about one person:
    `left` are those until then."""

    operation: str
    left: int
    come: SimEvent
    whom: str | None = None

    def hear(self, sent: Sent) -> None:
        """A request leaves."""
        self.left -= sent.operation == self.operation and self.whom in (None, sent.form.get("To"))
        if self.left == 0:
            self.come.set()


@dataclass(frozen=True, slots=True)
class SimParts(Parts):
    """The parts of a stack whose state and evidence are those of a universe."""

    universe: Universe | None = None
    actor: Actor | None = None

    def opened_store(self) -> Any:
        assert self.universe is not None
        assert self.actor is not None
        return self.universe.make_store(self.universe.disk, self.actor.runtime, self.universe.weather)

    def evidence_place(self, named: str) -> Place:
        assert self.universe is not None
        assert self.actor is not None
        return self.universe.make_place(self.universe.vault, self.actor.runtime)


@dataclass(slots=True, eq=False)
class Actor:
    """A process that runs one command."""

    name: str
    process: Process
    runtime: SimRuntime
    clock: SimClock
    stop: Any
    work: str
    due: frozenset[str] | None = None
    """Whom of the campaign its plan calls; None of who plans nothing."""
    undoes: Undone | None = None
    """What it takes back."""
    errors: list[str] = field(default_factory=list)
    report: Any = None

    @property
    def over(self) -> bool:
        """Whether nothing of it goes on."""
        return all(task.over for task in self.process.tasks)

    def confirm(self, plan: voiceform.Plan) -> bool:
        """It looks at its plan, and lets it pass."""
        changes = (change for change in plan.changes if change.address.kind == "call" and change.after)
        due = (item.key.to for change in changes for item in CallDetails.of(change).due)
        self.due = frozenset(due) & CAMPAIGN
        return True


Does = Callable[[voiceform.Stack, Actor], Any]
"""What somebody does."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold by command: when it was asked for, and when the command said that it stands."""

    sid: str
    stands_since: float
