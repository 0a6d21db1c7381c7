"""Recorded rules as they were declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceform.kinds.call.rules.declared import address_of
from voiceform.kinds.keys import free_key
from voiceform.model.exported import Entry


class RuleEntries:
    """The rules of several schedules. One that two of them recorded with different contents is written twice,
    under two names."""

    def __init__(self) -> None:
        self._rules: dict[str, Mapping[str, Any]] = {}

    def named(self, rules: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Take the rules of a schedule; the names under which they are written."""
        return sorted(self._name(name, rule) for name, rule in rules.items())

    def entries(self) -> tuple[Entry, ...]:
        """All that were taken, by name."""
        return tuple(
            Entry(address_of(name), {"name": name, **rule}, is_recorded=True)
            for name, rule in sorted(self._rules.items())
        )

    def _name(self, name: str, rule: Mapping[str, Any]) -> str:
        if self._rules.setdefault(name, rule) == rule:
            return name
        same = next((known for known, other in self._rules.items() if other == rule), None)
        if same is None:
            same = free_key(name, set(self._rules), "rule")
            self._rules[same] = rule
        return same
