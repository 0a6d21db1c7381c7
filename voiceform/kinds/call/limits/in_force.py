"""The limits in force: what was applied last, for every schedule of the state alike.

    limits/contacts     {limits: [limit...]}

A limit is over all schedules, so it must not depend on which of them were applied. Whoever applies a schedule
records all limits that bind it here, in place of those that did; whoever dials reads them here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voiceform.kinds.call.limits.spec import LimitSpec
from voiceform.model.errors import DamagedDocumentsError, StateConflictError
from voiceform.model.store import DocumentReader, DocumentStore, StoredDocument

KEY = "limits/contacts"


def limits_in_force(
    reader: DocumentReader, purpose: str | None, recorded: Sequence[LimitSpec]
) -> tuple[LimitSpec, ...]:
    """The limits that bind a schedule of that purpose. Those that were `recorded` with the schedule stand in
    where the document is lost. DamagedDocumentsError when they cannot be read: then nobody is called."""
    stored = reader.get(KEY)
    if stored is None:
        return tuple(recorded)
    return tuple(limit for limit in _limits(stored) if limit.binds(purpose))


def put_in_force(store: DocumentStore, purpose: str | None, limits: Sequence[LimitSpec]) -> None:
    """Let these be the limits that bind schedules of that purpose, from now on and for everybody."""
    names = {limit.name for limit in limits}
    while True:
        stored = store.get(KEY)
        before = [] if stored is None else _limits(stored)
        others = [limit for limit in before if not limit.binds(purpose) and limit.name not in names]
        after = sorted((*others, *limits), key=lambda limit: limit.name)
        if after == before:
            return
        try:
            document = {"limits": [limit.document() for limit in after]}
            store.put(KEY, document, None if stored is None else stored.version)
        except StateConflictError:
            continue
        return


def check_limits(reader: DocumentReader) -> None:
    """Read them; DamagedDocumentsError."""
    limits_in_force(reader, None, ())


def _limits(stored: StoredDocument) -> list[LimitSpec]:
    try:
        limits: list[Any] = stored.document["limits"]
        return [LimitSpec.parse(limit) for limit in limits]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise DamagedDocumentsError(
            f"the limits in {stored.key} cannot be read: {error}",
            hint="nobody is called before that is known; look with `voiceform state pull`",
        ) from error
