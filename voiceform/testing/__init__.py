"""What tests of a stack need: an account on this machine, and time that moves when it is told to.

    from voiceform.testing import Emulator

    with Emulator() as emulator:
        stack = voiceform.Stack("voiceform.yaml", account=emulator.account, clock=emulator.time)

With pytest the fixtures `twilio_emulator` and `voiceform_stack` are there as soon as voiceform is installed
(voiceform/testing/plugin.py). Starting an emulator needs the extra `emulator`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voiceform.model.clock import ManualClock
    from voiceform.testing.emulated import Emulator

__all__ = ["Emulator", "ManualClock"]


if not TYPE_CHECKING:  # late, since pytest imports this for its plugin whether or not a test needs it

    def __getattr__(name: str) -> Any:  # noqa: ANN401 - one of the names above
        if name == "ManualClock":
            from voiceform.model.clock import ManualClock

            return ManualClock
        if name == "Emulator":
            from voiceform.testing.emulated import Emulator

            return Emulator
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
