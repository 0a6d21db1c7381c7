"""Holds that are added and released by command, at once and under no lock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from voiceform.kinds.retention import added
from voiceform.kinds.retention.added import AddedHold, HoldRequest
from voiceform.kinds.retention.policy import HOLDS, KIND, split
from voiceform.model.errors import StateError
from voiceform.stack.parts import Parts
from voiceform.state.meta import read_meta

if TYPE_CHECKING:
    from voiceform.model.store import DocumentReader
    from voiceform.state.backend import Backend


@dataclass(frozen=True, slots=True)
class ListedHold:
    """One hold as it is recorded. `declared`: in the configuration, and applied; else it was added by
    command, `by` whom and when, `at`, and perhaps released. `match` is what it keeps."""

    name: str
    reason: str
    declared: bool
    match: Mapping[str, Any]
    by: str | None = None
    at: datetime | None = None
    released_by: str | None = None
    released_at: datetime | None = None


def held(parts: Parts, request: HoldRequest) -> AddedHold:
    """Let a hold stand from now on."""
    with _state(parts) as store:
        return added.add(store, request, who=parts.who, now=parts.clock.now())


def released(parts: Parts, name: str, approvals: Iterable[str]) -> AddedHold:
    """End a hold that was added by command."""
    with _state(parts) as store:
        return added.release(store, name, approvals=approvals, who=parts.who, now=parts.clock.now())


def listed(parts: Parts, *, released_too: bool) -> tuple[ListedHold, ...]:
    """The holds by name: those that were applied, and those that were added by command."""
    with parts.recorded_state() as store:
        return listed_in(parts, store, released_too=released_too)


def listed_in(parts: Parts, store: DocumentReader, *, released_too: bool = False) -> tuple[ListedHold, ...]:
    """As `listed`, in a state that is open."""
    ours = [hold for hold in added.read_added(store) if hold.stands or released_too]
    applied = [
        ListedHold(split(where)[1], item.attributes["reason"], True, item.attributes["match"])
        for where, item in parts.resources(store).items()
        if where.kind == KIND and split(where)[0] == HOLDS
    ]
    found = [*applied, *(of_command(hold) for hold in ours)]
    return tuple(sorted(found, key=lambda hold: (hold.name, hold.declared)))


def of_command(hold: AddedHold) -> ListedHold:
    """A hold of a command as lists have it."""
    return ListedHold(
        hold.name,
        hold.reason,
        False,
        hold.attributes()["any_of"],
        hold.by,
        hold.at,
        hold.released_by,
        hold.released_at,
    )


@contextmanager
def _state(parts: Parts) -> Iterator[Backend]:
    """A state that is there: a hold at a mistyped place would be a false comfort."""
    with parts.opened_store() as store:
        if read_meta(store) is None:
            raise StateError(
                f"there is no state in {store.label} yet, so nothing could ask for the hold",
                hint="correct --state, or apply first",
            )
        yield store
