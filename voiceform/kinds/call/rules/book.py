"""The rules of one schedule together: every rule that is about a number has to allow the call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from voiceform.kinds.call.limits.spec import LimitSpec
from voiceform.kinds.call.rules.hours import Hours, Outside, ZonesOf
from voiceform.kinds.call.rules.rule import CallingRule

FARTHEST = timedelta(days=32)
"""How far ahead hours of several zones are looked for that may never meet."""
LATEST = timedelta(days=14)
"""How long after it became due a call may wait for the next window."""


@dataclass(frozen=True, slots=True)
class Ruling:
    """What the rules say of a number at an instant. Where they do not allow a call: which of them are against
    it (None: the calling hours), by which clocks, and when all of them will allow it, in the time that was
    asked for. Without `zones` nobody knows where the person is."""

    allows: bool
    against: tuple[str | None, ...] = ()
    titles: str = ""
    zones: tuple[ZoneInfo, ...] = ()
    opens: datetime | None = None

    def reason(self, *, waits: bool) -> str:
        """What keeps the call, for readers; `waits` if it is placed when the rules allow it."""
        if not self.zones:
            return f"{self.titles}: the recipient's time zone is not known"
        one = self.zones[0] if len(self.zones) == 1 else None
        where = one.key if one is not None else f"{len(self.zones)} possible zones"
        if not waits or self.opens is None:
            return f"outside the {self.titles} in {where}"
        return f"{self.titles} in {where}, until {self.opens.astimezone(one or UTC):%a %Y-%m-%d %H:%M %Z}"


_ALLOWED = Ruling(allows=True)
Memo = dict[Any, Any]
"""What was found out at one instant."""
_Clocks = tuple[tuple[CallingRule, tuple[ZoneInfo, ...]], ...]


@dataclass(frozen=True)
class RulesOfNumber:
    """The rules that are about one number, or might be, with the clocks by which those with hours go.

    Numbers with the same rules and clocks share one. What was found out is kept in a `memo` of whoever asks
    about many numbers at one instant: those of the same clocks have the same answer.
    """

    rules: tuple[CallingRule, ...]
    clocks: _Clocks

    @property
    def zones(self) -> tuple[ZoneInfo, ...]:
        """The zones whose clocks count; empty when nobody knows those of one rule, or when no rule asks."""
        if not all(zones for _, zones in self.clocks):
            return ()
        return tuple(dict.fromkeys(zone for _, zones in self.clocks for zone in zones))

    @cached_property
    def limits(self) -> tuple[LimitSpec, ...]:
        """What limits how often the number is called."""
        return tuple(limit for rule in self.rules for limit in rule.limits)

    @cached_property
    def outside(self) -> Outside:
        """What becomes of a call outside of the hours: what the strictest says of the rules that say."""
        said = {rule.hours.outside for rule, _ in self.clocks if rule.hours is not None}
        return next((word for word in Outside if word in said), Outside.WAIT)

    def ruling(self, now: datetime, until: datetime, memo: Memo) -> Ruling:
        """What the rules say at `now`, and when they will allow a call, `until` at the latest.

        Raises RuleError where nobody can rely on one of them.
        """
        for rule in self.rules:
            rule.require(now)
        asked = (self._identity, now, until)
        if asked not in memo:
            memo[asked] = _ruling(self.clocks, now, until)
        found: Ruling = memo[asked]
        return found

    def counts_from(self, since: datetime, memo: Memo) -> datetime | None:
        """When a call that became due at `since` may be placed first, if it waits for the next window however
        late that is; None if it does not, or if no window opens in LATEST. RuleError as `ruling`."""
        if self.outside is not Outside.NEXT_WINDOW:
            return None
        asked = (self._identity, since)
        if asked not in memo:
            memo[asked] = _opens(self.clocks, since, since + LATEST)
        found: datetime | None = memo[asked]
        return found

    @cached_property
    def _identity(self) -> tuple[Any, ...]:
        """What tells the clocks from others of one book, and costs little to compare."""
        return tuple((rule.name, zones) for rule, zones in self.clocks)


@dataclass(frozen=True, slots=True)
class RuleBook:
    """The rules of a schedule."""

    rules: tuple[CallingRule, ...] = ()
    _known: dict[Any, RulesOfNumber] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, hours: Mapping[str, Any] | None, rules: Mapping[str, Mapping[str, Any]]) -> RuleBook:
        """From the recorded `calling_hours` and `rules` of a schedule; RuleError for what cannot be read."""
        short = [CallingRule(None, Hours.of_calling_hours(hours))] if hours else []
        return cls((*short, *(CallingRule.of(name, rule) for name, rule in sorted(rules.items()))))

    def about(self, number: str, zones_of: ZonesOf) -> RulesOfNumber:
        """The rules that are about a number. `zones_of` says in which zones the one who is called there may
        be."""
        about = [rule.is_about(number) for rule in self.rules]
        rules = [rule for rule, holds in zip(self.rules, about, strict=True) if holds]
        timed = [(rule, rule.hours.zone) for rule in rules if rule.hours is not None]
        own = zones_of(number) if any(zone is None for _, zone in timed) else ()
        known = self._known.get((*about, own))
        if known is None:
            clocks = tuple((rule, own if zone is None else (zone,)) for rule, zone in timed)
            known = self._known[*about, own] = RulesOfNumber(tuple(rules), clocks)
        return known

    def require(self, now: datetime) -> None:
        """Raise RuleError where nobody can rely on one of the rules at `now`."""
        for rule in self.rules:
            rule.require(now)

    @property
    def has_limits(self) -> bool:
        """Whether any rule limits how often somebody is called."""
        return any(rule.limits for rule in self.rules)

    @property
    def may_be_late(self) -> bool:
        """Whether any rule lets a call wait for its next window."""
        return any(
            rule.hours is not None and rule.hours.outside is Outside.NEXT_WINDOW for rule in self.rules
        )


def _ruling(clocks: _Clocks, now: datetime, until: datetime) -> Ruling:
    unknown = [rule for rule, zones in clocks if not zones]
    if unknown:
        return _refusal(unknown, ())
    closed = [(rule, zones) for rule, zones in clocks if not _allows(rule, zones, now)]
    if not closed:
        return _ALLOWED
    zones = tuple(dict.fromkeys(zone for _, several in closed for zone in several))
    return _refusal([rule for rule, _ in closed], zones, _opens(clocks, now, until))


def _refusal(
    against: Iterable[CallingRule], zones: tuple[ZoneInfo, ...], opens: datetime | None = None
) -> Ruling:
    names = tuple(rule.name for rule in against)
    titles = ["calling hours"] if None in names else []
    named = [name for name in names if name is not None]
    if named:
        titles.append(f"hours of {' and '.join(named)}")
    return Ruling(False, names, " and ".join(titles), zones, opens)


def _allows(rule: CallingRule, zones: tuple[ZoneInfo, ...], now: datetime) -> bool:
    return rule.hours is None or all(rule.hours.allow(zone, now) for zone in zones)


def _opens(clocks: _Clocks, now: datetime, until: datetime) -> datetime | None:
    """The first instant from `now` to `until` at which all of `clocks` are within their hours, or None."""
    pairs = [(rule.hours, zone) for rule, zones in clocks if rule.hours is not None for zone in zones]
    if not all(zones for _, zones in clocks):
        return None
    moment, end = now, min(until, now + FARTHEST)
    while True:
        latest = moment
        for hours, zone in pairs:
            opening = hours.opens(zone, latest, end)
            if opening is None:
                return None
            latest = opening
        if latest == moment:
            return moment
        moment = latest
