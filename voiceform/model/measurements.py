"""What is known of one stack, as numbers for monitoring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from voiceform.model.plan import Action
from voiceform.model.scopes import Metric


@dataclass(frozen=True, slots=True)
class Measurements:
    """What one command knows; None is not written, so that no gauge tells what nobody measured."""

    changes_pending: Mapping[Action, int] | None = None
    drifted_objects: int | None = None
    failed_operations: int | None = None
    gauges: Mapping[Metric, float] = field(default_factory=dict)
    """What else stands how, as kinds and services declare it."""
    counters: Mapping[Metric, Mapping[tuple[str, str], int]] = field(default_factory=dict)
    """How much was done since the command began, by address and status."""
