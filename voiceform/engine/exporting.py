"""`export`: an account, and what is recorded of it, as a configuration that `validate` accepts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from voiceform.config.load import findings_of
from voiceform.config.writer import Sheet
from voiceform.engine.planner import of_kind
from voiceform.engine.targets import Selection
from voiceform.kinds.kind import Kind
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Severity
from voiceform.model.errors import VoiceformError
from voiceform.model.exported import Entry, Export, sourced
from voiceform.model.resource import Recorded

if TYPE_CHECKING:
    from voiceform.twilio.client import Client


@dataclass(frozen=True, slots=True)
class Exported:
    """The text of a configuration; how many objects it declares, how many it only tells of, and what else is
    to be told."""

    text: str
    declared: int
    refused: int
    remarks: tuple[str, ...]


def export_account(
    client: Client,
    kinds: Sequence[Kind[Any]],
    recorded: Mapping[Address, Recorded],
    file: Path,
    selection: Selection,
) -> Exported:
    """The account of `client` as the text of `file`, which is not written here.

    What `validate` would refuse becomes a comment that says why. UsageError for a selection that names
    nothing; VoiceformError where the whole cannot be declared.
    """
    sections: dict[str, Export] = {}
    for kind in kinds:
        found = kind.export(client, of_kind(recorded, kind.name), file.parent)
        sections |= {section: Export(entries) for section, entries in found.beside.items()}
        sections[kind.section] = _noted(found, recorded)
    every = [entry for found in sections.values() for entry in found.entries]
    selection.check((entry.address for entry in every), [kind.name for kind in kinds])
    check = lambda text: findings_of(text, str(file), kinds)  # noqa: E731
    settled = _settled(client.account_sid, _chosen(sections, selection), check, str(file))
    sheet = Sheet(client.account_sid)
    for section, written in settled.items():
        sheet.section(section, written.entries, written.remarks)
    entries = [entry for written in settled.values() for entry in written.entries]
    refused = sum(entry.value is None for entry in entries)
    remarks = [remark for written in settled.values() for remark in written.remarks]
    remarks += [f"{e.address}: {e.remark}" for e in entries if e.is_recorded and e.remark is not None]
    return Exported(sheet.text, len(entries) - refused, refused, tuple(remarks))


def _noted(found: Export, recorded: Mapping[Address, Recorded]) -> Export:
    """A section with what people say of the objects that are recorded."""

    def noted(entry: Entry) -> Entry:
        record = recorded.get(entry.address)
        if record is None or not record.notes:
            return entry
        notes = sourced(record.notes, record.hidden)
        value, otherwise = (
            None if block is None else {**block, **notes} for block in (entry.value, entry.otherwise)
        )
        return replace(entry, value=value, otherwise=otherwise)

    return replace(found, entries=tuple(map(noted, found.entries)))


def _chosen(sections: Mapping[str, Export], selection: Selection) -> dict[str, Export]:
    every = [entry for found in sections.values() for entry in found.entries]
    chosen = {entry.address for entry in selection.choose(every)}
    return {
        section: replace(found, entries=tuple(e for e in found.entries if e.address in chosen))
        for section, found in sections.items()
    }


def _settled(
    account: str,
    sections: Mapping[str, Export],
    check: Callable[[str], Iterable[Diagnostic]],
    file: str,
) -> dict[str, Export]:
    """The sections without what is refused, which is found out by having all of it checked, again and again
    until nothing is."""
    while True:
        sheet = Sheet(account, clear=True)
        for section, found in sections.items():
            # Recorded ones first: of two that cannot both have a name the later is refused.
            sheet.section(section, sorted(found.entries, key=lambda entry: not entry.is_recorded))
        found_now = list(check(sheet.text))
        errors = [item for item in found_now if item.severity is Severity.ERROR]
        if not errors:
            return _warned(sections, _by_entry(sheet, filter(_is_of_names, found_now), file))
        reasons = _by_entry(sheet, errors, file)
        if not reasons:
            raise VoiceformError(
                f"the account cannot be written as one configuration: {errors[0].message}",
                hint="export part of it with --target",
            )
        sections = {
            section: replace(found, entries=tuple(_without(e, reasons) for e in found.entries))
            for section, found in sections.items()
        }


def _without(entry: Entry, reasons: Mapping[Address, str]) -> Entry:
    """The entry as it may be written where one of `reasons` is against it."""
    reason = reasons.get(entry.address)
    if reason is None:
        return entry
    if entry.is_recorded and entry.otherwise is None:
        reason += "; it is recorded, and removed by an apply that does not find it declared"
    if entry.otherwise is not None:
        return replace(entry, value=entry.otherwise, otherwise=None, remark=f"{reason}; here as recorded")
    return replace(entry, value=None, remark=reason)


def _by_entry(sheet: Sheet, found: Iterable[Diagnostic], file: str) -> dict[Address, str]:
    """What is first said of each entry, without places in a text that nobody has."""
    said: dict[Address, str] = {}
    for item in found:
        entry = sheet.owner(item.position.line) if item.position is not None else None
        if entry is not None:
            said.setdefault(entry.address, re.sub(rf" at {re.escape(file)}:\d+:\d+", "", item.message))
    return said


def _is_of_names(found: Diagnostic) -> bool:
    """Whether it is about names that are easily taken for each other: that is a matter of the account, and
    not of how it is written down."""
    return found.code.endswith("-name-alike")


def _warned(sections: Mapping[str, Export], warnings: Mapping[Address, str]) -> dict[str, Export]:
    return {
        section: replace(
            found, entries=tuple(replace(e, warning=warnings.get(e.address)) for e in found.entries)
        )
        for section, found in sections.items()
    }
