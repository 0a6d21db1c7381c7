"""The label under which a declared participant is known in a room.

A label is the only key that a client may choose in this part of the API. It is unique among the active
participants of one conference (Twilio errors 16025 and 16026), so a person is not phoned twice for it. Who
is declared with a label of its own is known under those before it too, as long as the call goes on.
"""

from __future__ import annotations

import hashlib

from voiceform.kinds.conference.memory import Memory
from voiceform.model.address import Address
from voiceform.model.resource import Desired, Recorded

_LONGEST = 128
"""Twilio error 16024."""


def label_of(address: Address, key: str) -> str:
    """`conference.standup.bridge`; where that is too long it ends with a digest instead."""
    label = f"{address}.{key}"
    if len(label) <= _LONGEST:
        return label
    digest = hashlib.sha256(label.encode()).hexdigest()[:16]
    return f"{label[: _LONGEST - len(digest) - 1]}-{digest}"


def labels_of(desired: Desired, record: Recorded | None, memory: Memory, key: str) -> tuple[str, ...]:
    """All labels that the participant may have: the present one first, then what was recorded and those made
    of the address and of earlier ones, and whatever it was phoned under."""
    sides = [desired.attributes["participants"]]
    if record is not None:
        sides.append(record.attributes["participants"])
    own = [side[key].get("label") for side in sides if key in side]
    made = [label_of(name, key) for name in (desired.address, *desired.aliases)]
    first = own[0] if key in sides[0] and own[0] else made[0]
    others = [label for label in own if label]
    return tuple(dict.fromkeys((first, *others, *made, *memory.labels_of(key))))
