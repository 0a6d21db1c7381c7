"""What no two members of a fleet may share: a name, an account, a recorded state, a place of evidence."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from urllib.parse import parse_qsl, quote, urlsplit

from voiceform.fleet.member import Member, in_capitals
from voiceform.model.diagnostics import Diagnostic, Report
from voiceform.state.open import DEFAULT_URL, sqlite_file

_POSTGRES = ("postgres", "postgresql")
_OBJECTS = ("s3", "gs", "az")
_LONGEST_NAME = 63
"""Bytes of the name of a schema that PostgreSQL distinguishes."""


def compare(members: Sequence[Member], report: Report) -> None:
    """Report each member that shares what has to be its own, at its place and with that of the other; of two
    members the first thing that they share.

    One about which something is wrong (Member.problems) shares its name, and its account where that is known:
    it does nothing, so that its state and its evidence, of which not all is known, are in nobody's way."""
    told: set[tuple[int, int]] = set()
    for key, say, hint in _OWN:
        first: dict[str, int] = {}
        for number, member in enumerate(members):
            own = key(member)
            if own is None:
                continue
            before = first.setdefault(own, number)
            if before != number and (before, number) not in told:
                told.add((before, number))
                other = members[before]
                message = f"{say(member, other)}: the other is at {other.position}"
                report(Diagnostic("invalid-value", message, member.position, hint=hint))
        if key is state_of:
            _refuse_nested({state: members[number] for state, number in first.items()}, report)


def _refuse_nested(known: Mapping[str, Member], report: Report) -> None:
    """Report each state in an object store below that of another, which would have its documents, too."""
    for state, member in known.items():
        scheme, _, place = state.partition("://")
        above = (f"{scheme}://{folder}" for folder in _above(place)) if scheme in _OBJECTS else ()
        outer = next((known[each] for each in above if each in known), None)
        if outer is not None:
            message = f"the recorded state of {member.name} lies in that of {outer.name}"
            hint = "give each a prefix of its own, as s3://bucket/voice/{stack}"
            where = f"{message}: the other is at {outer.position}"
            report(Diagnostic("invalid-value", where, member.position, hint=hint))


def _above(place: str) -> Iterator[str]:
    """The folders that one is in, the nearest first; the bucket is the last of them."""
    while place.rstrip("/").count("/"):
        place = place.rstrip("/").rpartition("/")[0]
        yield place if place.count("/") else f"{place}/"


def _evidence_of(member: Member) -> str | None:
    """Where its evidence is said to be; None where nothing is said."""
    return member.evidence.rstrip("/") if member.evidence is not None else None


def state_of(member: Member) -> str | None:
    """The recorded state of a member, in one spelling for each; None where nobody knows it."""
    if member.problems:
        return None
    url = member.state or DEFAULT_URL
    file = sqlite_file(url, base_dir=member.folder)
    if file is not None:
        return f"sqlite:{os.path.realpath(file)}"
    parts = urlsplit(url)
    host = (parts.netloc.rpartition("@")[2]).lower()
    if parts.scheme in _POSTGRES:
        query = dict(parse_qsl(parts.query))
        if "host" in query:  # libpq takes it in place of what stands before
            host = f"{query['host'].lower()}:{query.get('port', '5432')}"
        schema = query.get("schema", "voiceform").encode()[:_LONGEST_NAME]
        return f"postgresql://{host.removesuffix(':5432')}/{parts.path.strip('/')}?{quote(schema)}"
    path = "/".join(part for part in parts.path.split("/") if part)
    return f"{parts.scheme}://{host}/{path}"


_OWN: tuple[tuple[Callable[[Member], str | None], Callable[[Member, Member], str], str], ...] = (
    (
        lambda member: in_capitals(member.name),
        lambda one, other: (
            f"two stacks have the name {one.name}"
            if one.name == other.name
            else f"the names {one.name} and {other.name} read alike, in {{STACK}} and as files"
        ),
        "give one of them another name",
    ),
    (
        lambda member: member.account.lower() or None,
        lambda one, other: f"{one.name} and {other.name} are about one account, and would fight over it",
        "one account is one stack: put both configurations together, or correct account:",
    ),
    (
        state_of,
        lambda one, other: f"{one.name} and {other.name} have one recorded state",
        "write {stack} or {account} into state:, as postgresql://db/voice?schema={stack}",
    ),
    (
        _evidence_of,
        lambda one, other: f"{one.name} and {other.name} have one place of evidence",
        "write {stack} or {account} into evidence:, as s3://bucket/evidence/{stack}",
    ),
)
"""What is of one member alone: how it is told apart, what is said of two that share it, and what to do."""
