"""The limits that a configuration sets on what one plan may do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Ownership(StrEnum):
    """Whether live objects that nobody declared are left alone or deleted."""

    RECORDED = "recorded"
    EXCLUSIVE = "exclusive"


@dataclass(frozen=True, slots=True)
class Safety:
    """Upper limits for one plan; 0 means none at all. Deletions are counted per kind."""

    max_deletes: int = 5
    max_delete_percent: int = 30
    max_calls: int = 25
    max_recording_deletes: int = 1000
