"""What a rule is to delete: exactly which objects, as of when, and how that is to be taken down."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from voiceform.kinds.details import Details, items_in, object_in, text_in
from voiceform.kinds.retention.erasure.details import Erasing
from voiceform.kinds.retention.figures import Total, moment_in, moment_text
from voiceform.kinds.retention.pacing.pace import Pacing
from voiceform.kinds.retention.policy import Rule
from voiceform.kinds.retention.sid_chunks import Chunk
from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.plan import Change
from voiceform.model.resource import Attributes


@dataclass(frozen=True, slots=True)
class NamedRule:
    """A rule for recordings as the configuration had it."""

    name: str
    attributes: Attributes

    def to_document(self) -> dict[str, Any]:
        """As a part of `Change.details`."""
        return {"name": self.name, "rule": self.attributes}

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> NamedRule:
        """What `to_document` wrote."""
        return cls(text_in(document, "name"), object_in(document, "rule"))


@dataclass(frozen=True, slots=True)
class DeletionOrder:
    """Exactly what one rule deletes, by the SIDs in `chunks`. `created_until` is the instant after which
    nothing is old enough; None for rules that say themselves until when. `recording_rules` decide which
    recordings keep their calls' records; None where recordings are deleted. `pacing` says when and how fast;
    None: at once.
    """

    total: Total
    planned_at: datetime
    created_until: datetime | None
    evidence: str
    chunks: tuple[Chunk, ...]
    recording_rules: tuple[NamedRule, ...] | None = None
    pacing: Pacing | None = None

    def rules(self) -> tuple[Rule, ...]:
        """The rules for recordings, as of when it was planned. ValueError for one that cannot be read."""
        named = self.recording_rules or ()
        return tuple(Rule.read(item.name, item.attributes, self.planned_at) for item in named)

    def to_document(self) -> dict[str, Any]:
        """As `Change.details`."""
        document: dict[str, Any] = {
            **self.total.to_document(),
            "as_of": {
                "planned_at": instant_to_text(self.planned_at),
                "created_until": moment_text(self.created_until),
            },
            "evidence": self.evidence,
            "chunks": [chunk.to_document() for chunk in self.chunks],
        }
        if self.recording_rules is not None:
            document["recording_rules"] = [rule.to_document() for rule in self.recording_rules]
        if self.pacing is not None:
            document["pacing"] = self.pacing.to_document()
        return document

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> DeletionOrder:
        """What `to_document` wrote."""
        as_of = object_in(document, "as_of")
        rules = None
        if "recording_rules" in document:
            rules = tuple(map(NamedRule.of_document, items_in(document, "recording_rules")))
        order = cls(
            total=Total.of_document(document),
            planned_at=instant_from_text(text_in(as_of, "planned_at")),
            created_until=moment_in(as_of, "created_until"),
            evidence=text_in(document, "evidence"),
            chunks=tuple(map(Chunk.of_document, items_in(document, "chunks"))),
            recording_rules=rules,
            pacing=Pacing.read(object_in(document, "pacing")) if "pacing" in document else None,
        )
        order.rules()
        if order.total.count != sum(map(len, order.chunks)):
            raise ValueError("it names another number of objects than it counts")
        return order


@dataclass(frozen=True, slots=True)
class RuleDetails(Details):
    """What a rule deletes, or the erasure of one person; `order` is None for a rule that only is recorded,
    for holds, and for what of an erasure are no objects of the account."""

    order: DeletionOrder | None = None
    erasing: Erasing | None = None

    def to_document(self) -> dict[str, Any]:
        """As `Change.details`."""
        found = {} if self.order is None else self.order.to_document()
        if self.erasing is not None:
            found |= {"evidence": self.erasing.evidence, "erasing": self.erasing.to_document()}
        return found

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Self:
        """What `to_document` wrote."""
        if "erasing" not in document:
            return cls(DeletionOrder.of_document(document) if document else None)
        order = DeletionOrder.of_document(document) if "chunks" in document else None
        erasing = Erasing.of_document(object_in(document, "erasing"), text_in(document, "evidence"))
        return cls(order, erasing)

    def complaint(self, change: Change) -> str | None:
        """A change that counts other than it deletes: limits are held against what it counts."""
        deleted = self.order.total.count if self.order is not None else 0
        if self.erasing is not None:
            deleted += len(self.erasing.copies)
        return None if sum(change.counts.values()) == deleted else "it deletes another number than it counts"
