"""The content of the document `lease`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from voiceform.model.instants import instant_from_text, instant_to_text
from voiceform.model.store import Document, StoredDocument
from voiceform.state.backend import damaged
from voiceform.state.documents import check_document

ALLOWANCE = 6
"""The part of the `ttl` by which clocks may differ: so much earlier a holder stops than others take over."""


@dataclass(frozen=True, slots=True)
class Breakage:
    """That somebody took the lease away from `holder`, and why."""

    at: datetime
    by: str
    reason: str
    holder: str


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """Who holds the lease. `holder` and `operation` are None when nobody does; the instants are then those
    of the last holder. `broken` is the last time that it was broken; `version` is for compare-and-swap."""

    token: int
    holder: str | None
    operation: str | None
    acquired_at: datetime
    heartbeat_at: datetime
    expires_at: datetime
    broken: Breakage | None = None
    version: str | None = None

    @property
    def ttl(self) -> timedelta:
        """How long it lives after a heartbeat."""
        return self.expires_at - self.heartbeat_at

    def is_ahead_of(self, now: datetime) -> bool:
        """Whether its holder's clock is ahead of ours by more than clocks may differ."""
        return self.heartbeat_at - now > self.ttl / ALLOWANCE

    @classmethod
    def taken(
        cls, previous: LeaseRecord | None, *, holder: str, operation: str, now: datetime, ttl: timedelta
    ) -> LeaseRecord:
        """The lease of a new holder: a higher token than any before."""
        token = 1 if previous is None else previous.token + 1
        broken = None if previous is None else previous.broken
        return cls(token, holder, operation, now, now, now + ttl, broken)

    def renewed(self, now: datetime) -> LeaseRecord:
        """The same lease after a heartbeat."""
        return replace(self, heartbeat_at=now, expires_at=now + self.ttl)

    def released(self, broken: Breakage | None = None) -> LeaseRecord:
        """The lease without a holder; the token stays."""
        return replace(self, holder=None, operation=None, broken=broken or self.broken)

    def document(self) -> Document:
        """The document to store."""
        document: Document = {
            "token": self.token,
            "holder": self.holder,
            "operation": self.operation,
            "acquired_at": instant_to_text(self.acquired_at),
            "heartbeat_at": instant_to_text(self.heartbeat_at),
            "expires_at": instant_to_text(self.expires_at),
        }
        if self.broken is not None:
            document["broken"] = {
                "at": instant_to_text(self.broken.at),
                "by": self.broken.by,
                "reason": self.broken.reason,
                "holder": self.broken.holder,
            }
        return document


def lease_from_entry(entry: StoredDocument) -> LeaseRecord:
    """The lease that a document describes; StateError when it is damaged."""
    document = entry.document
    check_document("lease", entry.key, document)
    broken = document.get("broken")
    try:
        return LeaseRecord(
            token=document["token"],
            holder=document["holder"],
            operation=document["operation"],
            acquired_at=instant_from_text(document["acquired_at"]),
            heartbeat_at=instant_from_text(document["heartbeat_at"]),
            expires_at=instant_from_text(document["expires_at"]),
            broken=broken and Breakage(**{**broken, "at": instant_from_text(broken["at"])}),
            version=entry.version,
        )
    except ValueError as error:
        raise damaged(entry.key, "the state", f"holds an impossible date: {error}") from error
