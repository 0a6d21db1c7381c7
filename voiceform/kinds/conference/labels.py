"""The label under which a declared participant is known in a room.

A label is the only key that a client may choose in this part of the API. It is unique among the active
participants of one conference (Twilio errors 16025 and 16026), so a person is not phoned twice for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from voiceform.model.address import Address

_LONGEST = 128
"""Twilio error 16024."""


def label_of(address: Address, key: str) -> str:
    """`conference.standup.bridge`; where that is too long it ends with a digest instead."""
    label = f"{address}.{key}"
    if len(label) <= _LONGEST:
        return label
    digest = hashlib.sha256(label.encode()).hexdigest()[:16]
    return f"{label[: _LONGEST - len(digest) - 1]}-{digest}"


def labels_of(address: Address, aliases: Sequence[Address], key: str) -> tuple[str, ...]:
    """All labels that the participant may have: the present one first, then those of earlier addresses."""
    return tuple(label_of(name, key) for name in (address, *aliases))
