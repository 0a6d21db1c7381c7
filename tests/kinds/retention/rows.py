"""Recordings and calls for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from voiceform.kinds.retention.matching import CallFacts, Truth
from voiceform.twilio.resources import Call, Recording

NOW = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)


def recording(number: int = 0, days_old: float = 100, **fields: Any) -> Recording:
    """A finished recording of a minute."""
    defaults: dict[str, Any] = {
        "sid": f"RE{number:032x}",
        "call_sid": f"CA{number:032x}",
        "status": "completed",
        "source": "OutboundAPI",
        "channels": 1,
        "duration": 60,
        "date_created": NOW - timedelta(days=days_old),
    }
    return Recording(**{**defaults, **fields})


def call(number: int = 0, days_old: float = 100, **fields: Any) -> Call:
    """A finished call."""
    defaults: dict[str, Any] = {
        "sid": f"CA{number:032x}",
        "status": "completed",
        "to": "+15558675310",
        "from_": "+15017122661",
        "direction": "inbound",
        "duration": 60,
        "date_created": NOW - timedelta(days=days_old),
    }
    return Call(**{**defaults, **fields})


class KnownCalls:
    """Facts of some calls; all others cannot be read."""

    def __init__(self, known: Mapping[str, CallFacts] | None = None) -> None:
        self.known = known or {}
        self.asked: list[str] = []

    def facts(self, call_sid: str) -> CallFacts | Truth:
        self.asked.append(call_sid)
        return self.known.get(call_sid, Truth.UNKNOWN)
