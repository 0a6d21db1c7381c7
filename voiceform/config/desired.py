"""The kinds' part of loading: sections to desired objects, and what no kind can check alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from voiceform.kinds.base import Kind, ParseContext
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.document import Block, Series
from voiceform.model.resource import Desired

Report = Callable[[Diagnostic], None]


def parse_kinds(document: Block, kinds: Sequence[Kind[Any]], report: Report) -> dict[Address, Desired]:
    """Everything that the sections declare, in the order of kinds and of the files.

    A kind whose section is not there is not called. Each kind sees what the kinds before it declared.
    """
    desired: dict[Address, Desired] = {}
    for kind in kinds:
        if kind.section not in document:
            continue
        context = ParseContext(document=document, desired=dict(desired), report=report)
        for item in kind.parse(document[kind.section], context):
            first = desired.setdefault(item.address, item)
            if first is not item:
                report(_twice(item, first))
    sections = {kind.name: kind.section for kind in kinds}
    _check_aliases(desired, document, sections, report)
    return desired


def _twice(item: Desired, first: Desired) -> Diagnostic:
    return Diagnostic(
        "duplicate-address",
        f"this name is already declared at {first.position}",
        item.position,
        hint="remove one of them",
        address=str(item.address),
    )


def _check_aliases(
    desired: Mapping[Address, Desired], document: Block, sections: Mapping[str, str], report: Report
) -> None:
    """An earlier name belongs to one object only, and to none that is declared now."""
    claimed: dict[Address, Position | None] = {}
    for item in desired.values():
        places = _alias_positions(item, document, sections) if item.aliases else {}
        for alias in item.aliases:
            position = places.get(alias.name, item.position)
            for message, hint in _objections(item, alias, desired, claimed):
                report(Diagnostic("alias-collision", message, position, hint=hint, address=str(item.address)))
            claimed.setdefault(alias, position)


def _objections(
    item: Desired,
    alias: Address,
    desired: Mapping[Address, Desired],
    claimed: Mapping[Address, Position | None],
) -> Iterator[tuple[str, str]]:
    """What is wrong with one alias, and what to do about it; at most one thing."""
    if alias == item.address:
        yield f"{alias} is listed as its own earlier name", "remove the alias"
    elif alias in desired:
        yield (
            f"the alias {alias} is declared itself, at {desired[alias].position}",
            "an alias is a name that is no longer declared",
        )
    elif alias in claimed:
        yield f"the alias {alias} is claimed twice: the first is at {claimed[alias]}", "remove one of them"


def _alias_positions(item: Desired, document: Block, sections: Mapping[str, str]) -> Mapping[str, Position]:
    """Where each alias of an object is written, as far as that can be told."""
    section = document.get(sections.get(item.address.kind, ""))
    block = section.get(item.address.name) if isinstance(section, Block) else None
    names = block.get("aliases") if isinstance(block, Block) else None
    if not isinstance(names, Series):
        return {}
    return {name: names.item_position(index) for index, name in enumerate(names)}
