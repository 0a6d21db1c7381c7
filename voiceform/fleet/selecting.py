"""Which members of a fleet: by label, by name, and a stable share of them."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Self, TypedDict

from voiceform.fleet.member import Member
from voiceform.model.errors import UsageError

_SHARD = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})", re.ASCII)
_TERM = re.compile(
    r"(?P<not>!?)(?P<name>[A-Za-z0-9_./-]+)(?:(?P<sign>!=|==|=)(?P<value>[A-Za-z0-9_.-]*))?", re.ASCII
)
_HOW = "write LABEL=VALUE, LABEL!=VALUE, LABEL or !LABEL; several are all to be true"


class Which(TypedDict, total=False):
    """Which stacks are meant; each may be left out.

    - `select` are terms as kubectl has them, all of which have to be true: `ring=canary`, `ring!=canary`,
      `ring`, `!ring`; the label `stack` is the name
    - `exclude` are names or patterns of names: `acme`, `eu-*`
    - `shard` is a stable share: `2/5` is the second of five
    """

    select: Iterable[str]
    exclude: Iterable[str]
    shard: str | None


@dataclass(frozen=True, slots=True)
class Shard:
    """The share `number` of `count`, from 1."""

    number: int
    count: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Of `2/5`. UsageError."""
        match = _SHARD.fullmatch(text)
        if match is None or int(match[1]) > int(match[2]):
            raise UsageError(
                f"{text!r} is no share", hint="write I/N, as 2/5: the second of five", where="--shard"
            )
        return cls(int(match[1]), int(match[2]))

    def __contains__(self, name: str) -> bool:
        """By a hash of the name: what other stacks there are moves none from one share to another."""
        digest = hashlib.sha256(name.encode()).digest()
        return int.from_bytes(digest[:8]) % self.count == self.number - 1


def selected(members: Sequence[Member], which: Which) -> tuple[Member, ...]:
    """Those that are meant, in their order. UsageError for terms that are none, and where nothing is
    selected; a share of what is may be empty."""
    select, exclude = which.get("select", ()), which.get("exclude", ())
    for name, given in (("select", select), ("exclude", exclude)):
        if isinstance(given, str):
            raise UsageError(f"{name}= takes several texts, not one", hint=f"write {name}=[{given!r}]")
    terms = [term for text in select for term in _terms(text)]
    patterns = [*exclude]
    for pattern in patterns:
        if not any(fnmatch.fnmatchcase(member.name, pattern) for member in members):
            raise UsageError(f"no stack is called {pattern!r}", hint="correct --exclude", where="--exclude")
    found = [
        member
        for member in members
        if all(term(member) for term in terms)
        and not any(fnmatch.fnmatchcase(member.name, pattern) for pattern in patterns)
    ]
    if not found:
        raise UsageError(
            "no stack of the fleet is selected", hint="`voiceform fleet list` shows all with labels"
        )
    shard = which.get("shard")
    if shard is None:
        return tuple(found)
    share = Shard.parse(shard)
    return tuple(member for member in found if member.name in share)


def _terms(text: str) -> Iterable[Callable[[Member], bool]]:
    return [_term(part.strip()) for part in text.split(",")]


def _term(text: str) -> Callable[[Member], bool]:
    match = _TERM.fullmatch(text)
    if match is None or (match["not"] and match["sign"]):
        raise UsageError(f"{text!r} selects nothing", hint=_HOW, where="--select")
    name, sign, value = match["name"], match["sign"], match["value"]

    def label(member: Member) -> str | None:
        return member.name if name == "stack" else member.labels.get(name)

    if sign is None:
        return lambda member: (label(member) is None) is bool(match["not"])
    if sign == "!=":
        return lambda member: label(member) != value
    return lambda member: label(member) == value
