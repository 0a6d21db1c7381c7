"""A schedule as state records it, for tests."""

from __future__ import annotations

from typing import Any

from voiceform.kinds.call.spec import CallSpec
from voiceform.model.address import Address

BOB, US = "+15558675310", "+15017122661"
ADDRESS = Address("call", "pulse")


def spec(**changed: Any) -> CallSpec:
    """One call to one person at noon of 2026-03-02 UTC, with `changed` attributes."""
    return CallSpec.of(ADDRESS, attributes(**changed))


def attributes(**changed: Any) -> dict[str, Any]:
    """What is recorded of it."""
    return {
        "enabled": True,
        "to": [BOB],
        "from": US,
        "schedule": {"at": "2026-03-02T12:00:00", "timezone": "UTC"},
        "misfire_grace": "15m",
        "calling_hours": None,
        "rules": {},
        "do_not_call": None,
        "retry": None,
        "waves": None,
        "pace": 1,
        "record": False,
        "answer": {"twiml": "<Response/>"},
        "timeout": None,
        "machine_detection": None,
        "status_callback": None,
        "on_remove": "let-finish",
        "on_change": "keep",
        **changed,
    }
