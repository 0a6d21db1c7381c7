"""What people say of objects (`description`, `owner`): which of it changes, and what becomes of it.

Kinds compare what the account holds and know nothing of this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from voiceform.model.address import Address
from voiceform.model.empty import EMPTY
from voiceform.model.plan import Action, Change, FieldChange
from voiceform.model.resource import Desired, Notes, Recorded


def with_notes(
    change: Change, desired: Mapping[Address, Desired], recorded: Mapping[Address, Recorded]
) -> Change:
    """A proposed change with what is said of its object. Where nothing but that differs, a change that did
    nothing becomes an update of recorded state."""
    before = _notes(recorded, change.previous_address or change.address)
    after = EMPTY if change.action is Action.DELETE else _notes(desired, change.address)
    if change.action is Action.NO_OP and before != after:
        change = replace(change, action=Action.UPDATE, reason="described-anew")
    if not before and not after:
        return change
    return replace(change, notes_before=before, notes_after=after)


def note_fields(change: Change) -> tuple[FieldChange, ...]:
    """Of what is said of the object that which differs."""
    before, after = change.notes_before, change.notes_after
    return tuple(
        FieldChange(name, before.get(name), after.get(name))
        for name in sorted({*before, *after})
        if before.get(name) != after.get(name)
    )


def _notes(objects: Mapping[Address, Desired] | Mapping[Address, Recorded], address: Address) -> Notes:
    found = objects.get(address)
    return found.notes if found is not None else EMPTY
