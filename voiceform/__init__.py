"""voiceform: infrastructure as code for the Twilio Voice API.

    import voiceform

    stack = voiceform.Stack("voiceform.yaml", account=voiceform.Account.from_environment())
    plan = stack.plan()
    report = stack.apply(plan)

The names in `__all__` are the interface for Python; what they are made of is not.
Importing this is cheap: a name is imported when it is first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from voiceform.version import __version__ as __version__

if TYPE_CHECKING:
    from voiceform.fleet.fleet import Fleet
    from voiceform.fleet.report import FleetReport
    from voiceform.model.errors import (
        BlockedError,
        ConfigurationError,
        CredentialsError,
        LockedError,
        NotApprovedError,
        StalePlanError,
        TwilioError,
        VoiceformError,
    )
    from voiceform.model.exit_codes import ExitCode
    from voiceform.model.plan import Change, Mode, Plan
    from voiceform.model.run import Outcome, RunReport, Status
    from voiceform.stack.account import Account
    from voiceform.stack.listener import Listener
    from voiceform.stack.stack import Stack

__all__ = [
    "Account",
    "BlockedError",
    "Change",
    "ConfigurationError",
    "CredentialsError",
    "ExitCode",
    "Fleet",
    "FleetReport",
    "Listener",
    "LockedError",
    "Mode",
    "NotApprovedError",
    "Outcome",
    "Plan",
    "RunReport",
    "Stack",
    "StalePlanError",
    "Status",
    "TwilioError",
    "VoiceformError",
]

_HOMES = {
    "model.errors": (
        "BlockedError",
        "ConfigurationError",
        "CredentialsError",
        "LockedError",
        "NotApprovedError",
        "StalePlanError",
        "TwilioError",
        "VoiceformError",
    ),
    "fleet.fleet": ("Fleet",),
    "fleet.report": ("FleetReport",),
    "model.exit_codes": ("ExitCode",),
    "model.plan": ("Change", "Mode", "Plan"),
    "model.run": ("Outcome", "RunReport", "Status"),
    "stack.account": ("Account",),
    "stack.listener": ("Listener",),
    "stack.stack": ("Stack",),
}


if not TYPE_CHECKING:  # whose readers know each name, and no other

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - one of the names above
        for home, names in _HOMES.items():
            if name in names:
                found = getattr(importlib.import_module(f"{__name__}.{home}"), name)
                globals()[name] = found
                return found
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
