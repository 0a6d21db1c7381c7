"""Declarations whose friendly names are one name, or look like one: told for every kind that has names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from voiceform.model.diagnostics import Diagnostic, Report, Severity
from voiceform.model.names import difference, identity, looks, rough_look, spelled_out
from voiceform.model.resource import Desired


def report_namesakes(declared: Sequence[Desired], report: Report, *, taken: str, alike: str) -> None:
    """Report names that are one name (an error, `KIND-name-taken`) and such that only look alike (a warning,
    `KIND-name-alike`). `taken` and `alike` are the hints.

    Whether case and Unicode form count in an account is not documented, so here they do not.
    """
    seen: dict[str, Desired] = {}
    by_look: dict[str, Desired] = {}
    rough = [rough_look(item.attributes["friendly_name"]) for item in declared]
    alike_roughly = Counter(rough)
    for item, look_of_it in zip(declared, rough, strict=True):
        name = item.attributes["friendly_name"]
        first = seen.setdefault(identity(name), item)
        if first is not item:
            report(_same_name(item, first, taken))
            continue
        if alike_roughly[look_of_it] == 1:
            continue
        seen_as = looks(name)
        near = next((by_look[look] for look in seen_as if look in by_look), None)
        if near is not None:
            report(_like_name(item, near, alike))
        by_look.update(dict.fromkeys(seen_as, item))


def _same_name(item: Desired, first: Desired, hint: str) -> Diagnostic:
    name, other = item.attributes["friendly_name"], first.attributes["friendly_name"]
    how = "the same name" if name == other else f"a name that differs only in {difference(name, other)}"
    return Diagnostic(
        f"{item.address.kind}-name-taken",
        f"{how}, {name!r}, is declared by {first.address} at {first.position}",
        item.position,
        hint=hint,
        address=str(item.address),
    )


def _like_name(item: Desired, first: Desired, hint: str) -> Diagnostic:
    name, other = item.attributes["friendly_name"], first.attributes["friendly_name"]
    return Diagnostic(
        f"{item.address.kind}-name-alike",
        f"the name {spelled_out(name)} differs only in {difference(name, other)} from {spelled_out(other)},"
        f" which {first.address} has",
        item.position,
        Severity.WARNING,
        hint=hint,
        address=str(item.address),
    )
