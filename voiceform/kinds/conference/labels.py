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
    of the address and of earlier ones, and whatever it was phoned under; but none that another has now."""
    made = [label_of(name, key) for name in (desired.address, *desired.aliases)]
    people = desired.attributes["participants"]
    first = _present(desired, key)
    earlier = [] if record is None else [record.attributes["participants"].get(key, {}).get("label")]
    taken = {_present(desired, other) for other in people if other != key}
    others = [label for label in (*earlier, *made, *memory.labels_of(key)) if label and label not in taken]
    return tuple(dict.fromkeys((first, *others)))


def _present(desired: Desired, key: str) -> str:
    """The label that a participant is phoned under."""
    declared = desired.attributes["participants"].get(key, {}).get("label")
    return str(declared or label_of(desired.address, key))
