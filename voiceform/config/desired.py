"""The kinds' part of loading: sections to desired objects, and what no kind can check alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from voiceform.kinds.kind import Kind, ParseContext
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position, Report
from voiceform.model.document import Block, Series
from voiceform.model.resource import Desired
from voiceform.model.unshown import Sourced, Unshown, texts_in


def _none(_: Address) -> bool:
    return False


def parse_kinds(
    document: Block,
    kinds: Sequence[Kind[Any]],
    report: Report,
    may_be_declared: Callable[[Address], bool] = _none,
    known: Mapping[Address, Desired] | None = None,
) -> dict[Address, Desired]:
    """Everything that the sections declare, in the order of kinds and of the files.

    A kind of which nothing is there is not called. Each kind sees what the kinds before it declared, and
    what is `known` besides; `may_be_declared` as in ParseContext.
    """
    desired: dict[Address, Desired] = dict(known or {})
    for number, kind in enumerate(kinds):
        if document.keys().isdisjoint({kind.section, *kind.beside}):
            continue
        earlier = {other.name: other for other in kinds[:number]}
        context = ParseContext(
            document=document,
            desired=dict(desired),
            report=report,
            kinds=earlier,
            may_be_declared=may_be_declared,
        )
        for item in kind.parse(document.get(kind.section, Block()), context):
            first = desired.setdefault(item.address, item)
            if first is not item:
                report(_twice(item, first))
    sections = {kind.name: kind.section for kind in kinds}
    _check_aliases(desired, document, sections, report)
    return desired


def with_hidden(desired: Mapping[Address, Desired], document: Block) -> dict[Address, Desired]:
    """`desired` with what is not to be shown of each: texts that came from the environment as they are, and
    those that a kind made of them, as TwiML."""
    sourced = list(_sourced(document))
    if not sourced:
        return dict(desired)
    filled = {value: f"${{{name}}}" for text in sourced for name, value in text.values.items()}
    unshown = Unshown(filled.items())
    literal = {*_literals(document), *map(str, desired)}
    return {address: _hidden(item, unshown, literal) for address, item in desired.items()}


def _sourced(value: Any) -> Iterator[Sourced]:  # noqa: ANN401 - any YAML value
    return (text for _, text in texts_in(value) if isinstance(text, Sourced))


def _literals(value: Any) -> Iterator[str]:  # noqa: ANN401 - any YAML value
    """Every key and text that is shown as it is."""
    if isinstance(value, dict):
        yield from value
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        if isinstance(item, str) and not isinstance(item, Sourced):
            yield item
        else:
            yield from _literals(item)


def _hidden(item: Desired, unshown: Unshown, literal: AbstractSet[str]) -> Desired:
    from voiceform.model.numbers import is_phone_number

    hidden: dict[str, str] = {}
    # What a kind knows beside the attributes goes into the details of its changes.
    for path, text in texts_in({**item.attributes, **item.notes, "details": item.beside}):
        if isinstance(text, Sourced):
            hidden[path] = text.template
        elif text not in literal and not is_phone_number(text):
            written = unshown.template(text)
            if written != text.replace("${", "$${"):
                hidden[path] = written
    return replace(item, hidden=hidden)


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
    for item in [item for item in desired.values() if item.aliases]:
        places = _alias_positions(item, document, sections)
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
