"""What schedules record of rules and limits, as it was declared: by name, in sections of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voiceform.kinds.keys import free_key
from voiceform.model.address import Address
from voiceform.model.exported import Entry


class NamedEntries:
    """The rules, or limits, of several schedules. One that two of them recorded with different contents is
    written twice, under two names. `address_of` says how each is told from everything else with a name."""

    def __init__(self, address_of: Callable[[str], Address]) -> None:
        self._address_of = address_of
        self._rules: dict[str, Mapping[str, Any]] = {}

    def named(self, rules: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """Take those of a schedule; the names under which they are written."""
        return sorted(self._name(name, rule) for name, rule in rules.items())

    def entries(self) -> tuple[Entry, ...]:
        """All that were taken, by name."""
        return tuple(
            Entry(self._address_of(name), {"name": name, **rule}, is_recorded=True)
            for name, rule in sorted(self._rules.items())
        )

    def _name(self, name: str, rule: Mapping[str, Any]) -> str:
        if self._rules.setdefault(name, rule) == rule:
            return name
        same = next((known for known, other in self._rules.items() if other == rule), None)
        if same is None:
            same = free_key(name, set(self._rules), self._address_of(name).kind)
            self._rules[same] = rule
        return same
