"""`do_not_call:` in the configuration -> lists as they are recorded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from voiceform.kinds.call.dialling.donotcall import DoNotCallError, FileSpec, ListSpec
from voiceform.kinds.call.dialling.list_files import read_list
from voiceform.kinds.call.dialling.reassigned import ReassignedSpec
from voiceform.kinds.userfiles import Places
from voiceform.model.diagnostics import Diagnostic, Position, Report, Severity
from voiceform.model.document import Block, Series


def declared_lists(block: Block, address: str, report: Report, places: Places) -> list[dict[str, Any]] | None:
    """One list, or several, each with its path from the stack's folder; None when none is declared.

    That one cannot be used is only a warning here, because the machine that dials may have it where this one
    has not. How old it is, is asked when somebody is called.
    """
    value = block.get("do_not_call")
    if value is None:
        return None
    several = value if isinstance(value, list) else [value]
    found = []
    for index, item in enumerate(several):
        named = isinstance(value, Series)
        place = value.item_position(index) if named else block.value_position("do_not_call")
        document = _document(item, place, places)
        found.append(document)
        try:
            spec = ListSpec.of(document)
        except ValueError as error:
            report(Diagnostic("do-not-call", str(error), place, address=address))
            continue
        _try(spec, address, place, report, places)
    return found


def declared_reassigned(block: Block, address: str, report: Report, places: Places) -> dict[str, Any]:
    """The key `reassigned` as it is recorded, with the path from the stack's folder; empty when it is not
    declared. That it cannot be used is only a warning, as of lists."""
    value = block.get("reassigned")
    if not isinstance(value, Block):
        return {}
    place = block.value_position("reassigned")
    document = {**value, "csv": _from_stack(value["csv"], place, places)}
    try:
        _try(ReassignedSpec.of(document), address, place, report, places)
    except ValueError as error:
        report(Diagnostic("do-not-call", str(error), place, address=address))
    return {"reassigned": document}


def _try(spec: FileSpec, address: str, place: Position, report: Report, places: Places) -> None:
    try:
        read_list(spec, places).usable(None)
    except DoNotCallError as error:
        report(Diagnostic("do-not-call", error.what, place, Severity.WARNING, error.hint, address))


def _document(item: str | Block, place: Position, places: Places) -> dict[str, Any]:
    """The list as plain JSON; what is not said is left out."""
    block: dict[str, Any] = dict(item) if isinstance(item, Block) else {"file": item}
    return {**block, "file": _from_stack(block["file"], place, places)}


def _from_stack(name: str, place: Position, places: Places) -> str:
    """A path that is written at `place`, as from the stack's folder."""
    if os.path.isabs(name):
        return name
    return Path(os.path.relpath(Path(place.file).parent / name, places.folder)).as_posix()
