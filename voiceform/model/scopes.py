"""What kinds declare of their changes: what is counted under which name, its words, limits and metrics.

Whoever counts, limits, shows or measures reads these declarations and knows no kind. They are the program's
and stand in no document: what a plan file says cannot make a change look more harmless than it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from voiceform.model.wording import counted


class Effect(StrEnum):
    """The gravest thing that a change does; in the order in which reviewers should read."""

    DESTROY = "destroy"
    PHONE = "phone"
    CREATE = "create"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Limit:
    """A member of `safety` in the configuration, and what it is where nothing is said."""

    name: str
    default: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A number for monitoring, `voiceform_NAME`, and what it tells."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Something that changes do, which is counted, limited and approved under one name.

    `name` stands in `Change.counts` and behind --approve, or `approve_as` does. `noun` and `plural` are what
    is counted, `verb` what is done to it ("place"), `would` how a refusal says so ("would be placed").
    `effect` is None for what does not happen in the run itself.

    `limit` is how many one plan may do; without one, what destroys falls under max_deletes and everything
    else under nothing. What destroys is limited to a share of all `objects` as well, a kind's name or one
    that its comparison gives in `totals`; of what is `bulk` every change is part of it, else deletions alone.
    Without `share` it is not, because nobody counts all of them.
    `agent` is what does it, where that is not the objects' own change ("rule").

    `operations` have this effect also where a change counts nothing. `total` is the member of a plan's
    summary that sums the counts. `due` and `unknown` measure them: what a plan would do, and what a run may
    have done.
    """

    name: str
    noun: str
    verb: str
    would: str
    plural: str | None = None
    effect: Effect | None = None
    limit: Limit | None = None
    approve_as: str | None = None
    objects: str | None = None
    bulk: bool = False
    share: bool = True
    agent: str = "change"
    operations: frozenset[str] = frozenset()
    total: str | None = None
    due: Metric | None = None
    unknown: Metric | None = None

    @property
    def approval(self) -> str:
        """What --approve names."""
        return self.approve_as or self.name

    def amount(self, count: int) -> str:
        """`1 call`, `12 calls`."""
        return counted(count, self.noun, self.plural)

    @property
    def several(self) -> str:
        """What is counted, of no number that is known: `calls`."""
        return self.plural or f"{self.noun}s"


def deletion(
    thing: str,
    *,
    limit: Limit | None = None,
    bulk: bool = False,
    agent: str = "change",
    total: str | None = None,
    due: Metric | None = None,
) -> Scope:
    """The scope in which a `thing` is deleted: an object of a kind, by its name, or something else."""
    return Scope(
        name=f"delete:{thing}",
        noun=thing.replace("-", " "),
        verb="delete",
        would="would be deleted",
        effect=Effect.DESTROY,
        limit=limit,
        objects=thing,
        bulk=bulk,
        agent=agent,
        total=total,
        due=due,
    )


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The scopes of all kinds by their names, and by kind the command that plans and applies it alone."""

    scopes: Mapping[str, Scope] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, scopes: Iterable[Scope], commands: Mapping[str, str]) -> Vocabulary:
        """ValueError where one name stands for two scopes."""
        found: dict[str, Scope] = {}
        for scope in scopes:
            if found.setdefault(scope.name, scope) != scope:
                raise ValueError(f"the scope {scope.name} is declared twice, and differently")
        return cls(found, commands)

    def scope(self, name: str) -> Scope:
        """The scope of that name. One that nobody declares is taken for the gravest: it destroys."""
        known = self.scopes.get(name)
        if known is not None:
            return known
        return Scope(name, name, "destroy", "would be destroyed", effect=Effect.DESTROY, bulk=True)
