"""Recorded schedules as they were declared."""

from __future__ import annotations

import os
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any

from voiceform.kinds.call.answer import spoken
from voiceform.kinds.call.limits import declared as limited
from voiceform.kinds.call.parse import DEFAULT_GRACE, DEFAULT_MISFIRE, DEFAULT_PACE
from voiceform.kinds.call.rules.declared import SECTION, address_of
from voiceform.kinds.call.rules.exported import NamedEntries
from voiceform.kinds.call.waves import waves_block
from voiceform.kinds.outgoing.declared import as_declared
from voiceform.kinds.twiml import check_twiml
from voiceform.model.address import Address
from voiceform.model.exported import Entry, Export, is_default, sourced
from voiceform.model.resource import Recorded
from voiceform.model.unshown import Sourced

_DEFAULTS: Mapping[str, Any] = {
    "enabled": True,
    "misfire_grace": DEFAULT_GRACE,
    "misfire": DEFAULT_MISFIRE,
    "calling_hours": None,
    "rules": [],
    "do_not_call": None,
    "record": False,
    "retry": None,
    "waves": None,
    "pace": DEFAULT_PACE,
    "on_remove": "let-finish",
    "on_change": "keep",
}


def export(recorded: Mapping[Address, Recorded], stack: Path, folder: Path) -> Export:
    """Every recorded schedule. People are listed, also where they came from a file, unless more was taken
    from it than numbers. The paths of such files and of do-not-call lists, which are recorded as from
    `stack`, are written as from `folder`."""
    up = os.path.relpath(stack, folder)
    rules, limits = NamedEntries(address_of), NamedEntries(limited.address_of)
    entries = tuple(_entry(record, up, rules, limits) for _, record in sorted(recorded.items()))
    return Export(entries, beside={SECTION: rules.entries(), limited.SECTION: limits.entries()})


def _entry(record: Recorded, up: str, rules: NamedEntries, limits: NamedEntries) -> Entry:
    block: dict[str, Any] = as_declared(sourced(record.attributes, record.hidden))
    del block["ledger"]
    block.pop("max_cps", None)  # of all schedules
    block["waves"] = waves_block(block["waves"])
    block["rules"] = rules.named(block["rules"])
    bound = {limit["name"]: limit for limit in block.pop(limited.SECTION, ())}
    binding = limits.named({name: _without_name(limit) for name, limit in bound.items()})
    answer = block["answer"]
    people = block["to"]
    block["to"] = people[0] if len(people) == 1 else people
    table = block.pop("table", None)
    if table is not None:
        block["to"] = {**table, "csv": _moved(table["csv"], up)}
        del block["people"], block["columns"]
    if block["do_not_call"]:
        block["do_not_call"] = _lists(block["do_not_call"], up)
    if "reassigned" in block:
        block["reassigned"] = {**block["reassigned"], "csv": _moved(block["reassigned"]["csv"], up)}
    if record.protect:
        block["protect"] = True
    block = {
        key: value
        for key, value in block.items()
        if key not in _DEFAULTS or not is_default(value, _DEFAULTS[key])
    }
    return Entry(
        record.address,
        {**block, "answer": _answer(answer)},
        record.address.name,
        otherwise={**block, "answer": _document(answer)} if "of" in answer else None,
        depends_on=(
            *record.depends_on,
            *map(address_of, block.get("rules", ())),
            *map(limited.address_of, binding),
        ),
        is_recorded=True,
    )


def _without_name(limit: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in limit.items() if key != "name"}


def _answer(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer in the form that is easiest to read and means the same."""
    if "of" in answer:
        kind, _, name = answer["of"].partition(".")
        return {kind: name}
    return _document(answer)


def _document(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The answer without what it refers to."""
    kept = {key: value for key, value in answer.items() if key != "of"}
    said = _said(kept["twiml"]) if "twiml" in kept else None
    return {"say": said} if said is not None else kept


def _said(twiml: str) -> Any:  # noqa: ANN401 - a text or a mapping
    """`say:` of a document that nothing else was made of; None of any other."""
    said = _spoken_in(twiml)
    if said is None or spoken(said) != twiml:
        return None
    written = _spoken_in(twiml.template) if isinstance(twiml, Sourced) else said
    if written is None or written.keys() != said.keys():
        return None
    block: dict[str, Any] = {
        key: text if written[key] == text else Sourced(text, written[key], {}) for key, text in said.items()
    }
    if isinstance(block.get("loop"), str):
        block["loop"] = int(block["loop"])
    return block["text"] if len(block) == 1 else block


def _spoken_in(twiml: str) -> dict[str, str] | None:
    if check_twiml(twiml, inline=False):
        return None
    response = ET.fromstring(twiml)  # noqa: S314 - no document type is in it, which was just checked
    if [verb.tag for verb in response] != ["Say"] or len(response[0]):
        return None
    return {"text": response[0].text or "", **response[0].attrib}


def _lists(lists: list[dict[str, Any]], up: str) -> Any:  # noqa: ANN401 - a text, a mapping or a list
    moved = [{**item, "file": _moved(item["file"], up)} for item in lists]
    short = [item["file"] if len(item) == 1 else item for item in moved]
    return short[0] if len(short) == 1 else short


def _moved(file: str, up: str) -> str:
    if isinstance(file, Sourced):
        return Sourced(_joined(file, up), _joined(file.template, up), {})
    return _joined(file, up)


def _joined(file: str, up: str) -> str:
    return file if up == "." or os.path.isabs(file) else PurePath(os.path.normpath(Path(up, file))).as_posix()
