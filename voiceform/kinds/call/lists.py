"""`do_not_call:` in the configuration -> lists as they are recorded."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from voiceform.kinds.call.dialling.donotcall import DoNotCallError, ListSpec
from voiceform.kinds.call.dialling.list_files import read_list
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
        try:
            read_list(spec, places).usable(None)
        except DoNotCallError as error:
            report(Diagnostic("do-not-call", error.what, place, Severity.WARNING, error.hint, address))
    return found


def _document(item: str | Block, place: Position, places: Places) -> dict[str, Any]:
    """The list as plain JSON; what is not said is left out."""
    block: dict[str, Any] = dict(item) if isinstance(item, Block) else {"file": item}
    name = block["file"]
    if not os.path.isabs(name):
        path = Path(place.file).parent / name
        name = Path(os.path.relpath(path, places.folder)).as_posix()
    return {**block, "file": name}
