"""What apply may do for one schedule, and nothing else: the calls to place, redirect, record and end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from voiceform.kinds.call.ledger.entries import Key
from voiceform.kinds.details import Details, items_in, text_in
from voiceform.model.instants import instant_from_text, instant_to_text


@dataclass(frozen=True, slots=True)
class DueCall:
    """A key to place, which became due at `since`."""

    key: Key
    since: datetime


@dataclass(frozen=True, slots=True)
class PlacedCall:
    """A call that goes on, and the key that it was placed for."""

    key: Key
    sid: str


@dataclass(frozen=True, slots=True)
class CallDetails(Details):
    """`cancel` is what a removal ends as far as it was known when planned: it ends what goes on by then."""

    due: tuple[DueCall, ...] = ()
    redirect: tuple[PlacedCall, ...] = ()
    record: tuple[PlacedCall, ...] = ()
    cancel: tuple[PlacedCall, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As `Change.details`."""
        due = [{**item.key.document(), "since": instant_to_text(item.since)} for item in self.due]
        placed = (("redirect", self.redirect), ("record", self.record), ("cancel", self.cancel))
        lists = {"due": due, **{name: _written(items) for name, items in placed}}
        return {name: items for name, items in lists.items() if items}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """What `to_document` wrote."""
        return cls(
            due=tuple(
                DueCall(Key.of_document(item), instant_from_text(text_in(item, "since")))
                for item in items_in(document, "due")
            ),
            redirect=_read(items_in(document, "redirect")),
            record=_read(items_in(document, "record")),
            cancel=_read(items_in(document, "cancel")),
        )


def _written(calls: Iterable[PlacedCall]) -> list[dict[str, Any]]:
    return [{**call.key.document(), "sid": call.sid} for call in calls]


def _read(items: Sequence[Mapping[str, Any]]) -> tuple[PlacedCall, ...]:
    return tuple(PlacedCall(Key.of_document(item), text_in(item, "sid")) for item in items)
