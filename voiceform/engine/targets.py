"""`--target` and `--exclude`: a plan over part of the addresses."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Protocol, TypeVar

from voiceform.model.address import Address
from voiceform.model.errors import UsageError
from voiceform.model.plan import Change

_GLOB = frozenset("*?[")


class Selectable(Protocol):
    """What can be selected: a change of a plan, or an entry of an export."""

    @property
    def address(self) -> Address:
        """Its address."""

    @property
    def previous_address(self) -> Address | None:
        """The one that it had before, if it is renamed."""

    @property
    def depends_on(self) -> Sequence[Address]:
        """What must be there for it."""


S = TypeVar("S", bound=Selectable)


class Choice(Protocol):
    """Decides which of the proposed changes a plan is about."""

    @property
    def targets(self) -> tuple[str, ...]:
        """The patterns of --target."""

    @property
    def excludes(self) -> tuple[str, ...]:
        """The patterns of --exclude."""

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""

    def check(self, known: Iterable[Address], kinds: Collection[str]) -> None:
        """Raise UsageError when the choice names what is neither a known address nor all of a kind."""

    def choose(self, changes: Sequence[Change]) -> list[Change]:
        """The changes that are meant, in their order."""

    def leaves_out(self, kind: str) -> bool:
        """Whether no object of the kind can be meant, whatever there is."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which addresses a plan is about; glob patterns such as `queue.eu-*` are allowed in both."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    @property
    def everything(self) -> bool:
        """Whether nothing is left out."""
        return not self.targets and not self.excludes

    def check(self, known: Iterable[Address], kinds: Collection[str]) -> None:
        """Raise UsageError, with near matches, for a pattern that matches no known address.

        All of a kind (`retention.*`) may be named where nothing of it is declared: it cannot be a slip.
        """
        names = sorted(map(str, known))
        whole = {_whole(kind) for kind in kinds}
        for option, patterns in (("--target", self.targets), ("--exclude", self.excludes)):
            for pattern in patterns:
                if pattern not in whole and not any(fnmatchcase(name, pattern) for name in names):
                    raise _nothing_matches(option, pattern, names)

    def choose(self, changes: Sequence[S]) -> list[S]:
        """The changes that are meant, in their order, with all that they depend on.

        An excluded address takes its dependants with it: they would otherwise run without it.
        """
        if self.everything:
            return list(changes)
        by_address = {change.address: change for change in changes}
        excluded = _dependants(changes, {c.address for c in changes if _matches(c, self.excludes)})
        wanted = [c.address for c in changes if not self.targets or _matches(c, self.targets)]
        chosen: set[Address] = set()
        while wanted:
            address = wanted.pop()
            if address in chosen or address not in by_address or address in excluded:
                continue
            chosen.add(address)
            wanted.extend(by_address[address].depends_on)
        return [change for change in changes if change.address in chosen]

    def leaves_out(self, kind: str) -> bool:
        """Whether all of the kind is excluded."""
        return _whole(kind) in self.excludes


def _whole(kind: str) -> str:
    return f"{kind}.*"


def _matches(change: Selectable, patterns: Sequence[str]) -> bool:
    names = [str(change.address)]
    if change.previous_address is not None:
        names.append(str(change.previous_address))
    return any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _dependants(changes: Sequence[Selectable], roots: set[Address]) -> set[Address]:
    found = set(roots)
    grown = bool(roots)
    while grown:
        more = {c.address for c in changes if c.address not in found and not found.isdisjoint(c.depends_on)}
        found |= more
        grown = bool(more)
    return found


def _nothing_matches(option: str, pattern: str, names: list[str]) -> UsageError:
    near = difflib.get_close_matches(pattern, names, n=3)
    if near:
        hint = f"did you mean {' or '.join(near)}?"
    elif _GLOB & set(pattern):
        hint = "no declared, recorded or live address fits this pattern"
    else:
        hint = (
            "an address is a kind and a key, as in queue.support; `voiceform state list` shows recorded ones"
        )
    return UsageError(f"{option} {pattern}: no such address", hint=hint)
