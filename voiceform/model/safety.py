"""The limits that a configuration sets on what one plan may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

    from voiceform.model.scopes import Scope


class Ownership(StrEnum):
    """Whether live objects that nobody declared are left alone or deleted."""

    RECORDED = "recorded"
    EXCLUSIVE = "exclusive"


@dataclass(frozen=True, slots=True)
class Freeze:
    """A time from `start` up to `end` in which changes of these kinds (all of them when none is named) wait.

    `period` is how people wrote it.
    """

    start: datetime
    end: datetime
    reason: str
    kinds: tuple[str, ...]
    period: str


@dataclass(frozen=True, slots=True)
class Safety:
    """Upper limits for one plan; 0 means none at all. Deletions are counted per kind.

    `limits` are those that kinds declare, by name, as far as the configuration says anything of them.
    `freezes` are times in which changes wait.
    """

    max_deletes: int = 5
    max_delete_percent: int = 30
    limits: Mapping[str, int] = field(default_factory=dict)
    freezes: tuple[Freeze, ...] = ()

    @classmethod
    def of(cls, section: Mapping[str, Any], freezes: tuple[Freeze, ...] = ()) -> Safety:
        """The limits of a schema-valid section, with the freezes that it declares."""
        own = {name: section[name] for name in ("max_deletes", "max_delete_percent") if name in section}
        limits = {name: value for name, value in section.items() if name not in (*own, "freeze", "max_cps")}
        return cls(**own, limits=limits, freezes=freezes)

    def limit(self, scope: Scope) -> tuple[str, int] | None:
        """The name and the value of the limit under which a scope falls; None where there is none."""
        if scope.limit is not None:
            return scope.limit.name, self.limits.get(scope.limit.name, scope.limit.default)
        from voiceform.model.scopes import Effect

        return ("max_deletes", self.max_deletes) if scope.effect is Effect.DESTROY else None
