"""Recordings and calls for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from voiceform.kinds.retention.matching.legs import CallFacts, Family, Leg
from voiceform.kinds.retention.matching.truth import Truth
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
    return Recording.parse(_as_told({**defaults, **fields}))


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
    return Call.parse(_as_told({**defaults, **fields}))


def _as_told(fields: Mapping[str, Any]) -> dict[str, Any]:
    """As the API writes them."""
    return {
        name.removesuffix("_"): value.isoformat() if isinstance(value, datetime) else value
        for name, value in fields.items()
    }


def facts(
    from_: str, to: str = "+15017122661", direction: str = "inbound", *others: tuple[str, str], **fields: Any
) -> CallFacts:
    """What a call tells: its own leg, and its other legs as pairs of from and to."""
    legs = tuple(
        Leg(f"CA{9000 + n:032x}", one, other, "outbound-dial") for n, (one, other) in enumerate(others)
    )
    return CallFacts(Leg(f"CA{8000:032x}", from_, to, direction), legs, **fields)


class KnownCalls:
    """Facts of some calls and families of some that are named; all others cannot be read."""

    def __init__(
        self, known: Mapping[str, CallFacts] | None = None, families: Mapping[str, Family] | None = None
    ) -> None:
        self.known = known or {}
        self.families = families or {}
        self.asked: list[str] = []

    def facts(self, call_sid: str) -> CallFacts | Truth:
        self.asked.append(call_sid)
        return self.known.get(call_sid, Truth.UNKNOWN)

    def family(self, call_sids: frozenset[str]) -> Family:
        return Family.of(self.families.get(sid, Family(frozenset({sid}))) for sid in call_sids)


class NoCalls:
    """Nothing was looked up yet."""

    def facts(self, call_sid: str) -> Truth:
        return Truth.NEEDED

    def family(self, call_sids: frozenset[str]) -> Truth:
        return Truth.NEEDED
