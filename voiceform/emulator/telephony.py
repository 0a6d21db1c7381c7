"""Time passes: every event that is due happens, in order, at its own instant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from voiceform.emulator.calls import life as calls
from voiceform.emulator.recordings import life as recordings
from voiceform.emulator.store import Row
from voiceform.emulator.timeline import take_due
from voiceform.emulator.world import World

HANDLERS: Mapping[str, Callable[[World, Row], None]] = MappingProxyType(
    {
        "dial": calls.dial,
        "ring": calls.ring,
        "refuse": calls.refuse,
        "answer": calls.answer,
        "step": calls.step,
        "hangup": calls.hang_up,
        "cancel": calls.cancel,
        "price": calls.price,
        "recorded": recordings.complete,
    }
)


def settle(world: World) -> None:
    """Bring the world to the clock's instant; ``world.now`` is that instant afterwards."""
    now = world.clock.now()
    if world.next_due is not None and world.next_due <= now:
        with world.store.transaction():
            while (event := take_due(world, now)) is not None:
                world.now = event["due"]
                HANDLERS[event["kind"]](world, event)
    world.now = now
