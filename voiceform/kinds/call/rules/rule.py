"""One rule: about whom it is, in which hours it lets them be called, and how long anybody may rely on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from voiceform.kinds.call.limits.spec import LimitSpec
from voiceform.kinds.call.rules.destinations import Destinations
from voiceform.kinds.call.rules.faults import Complain, RuleError, refuse
from voiceform.kinds.call.rules.hours import Hours
from voiceform.model.durations import format_duration, parse_duration

_EVERYWHERE = timedelta(days=1)
"""How far zones are apart, more or less: a date may have come elsewhere already."""


@dataclass(frozen=True, slots=True)
class CallingRule:
    """A rule of `calling_rules`; without a name, the `calling_hours` of a schedule.

    It is about every number, or those that `match`. `limits` say how often schedules that use the rule call
    one of them, and count the calls of every schedule. `as_of` is of when the rule is, which may be `max_age`
    old: with an older one nobody is called whom it is about.
    """

    name: str | None
    hours: Hours | None = None
    match: Destinations | None = None
    limits: tuple[LimitSpec, ...] = ()
    as_of: date | None = None
    max_age: timedelta | None = None

    @classmethod
    def of(cls, name: str, block: Mapping[str, Any], complain: Complain = refuse) -> CallingRule:
        """From a recorded rule; what is wrong with it is complained about."""

        def within(path: tuple[str | int, ...], problem: str, hint: str | None) -> None:
            complain(("hours", *path), problem, hint)

        match = block.get("match")
        return cls(
            name,
            Hours.of(block["hours"], within) if "hours" in block else None,
            Destinations(tuple(match["to"])) if match is not None else None,
            tuple(_limits(name, block.get("limits") or (), complain)),
            _date(block, complain),
            parse_duration(block["max_age"]) if "max_age" in block else None,
        )

    def is_about(self, number: str) -> bool:
        """Whether it is about a number, or might be."""
        return self.match is None or self.match.may_have(number)

    def require(self, now: datetime) -> None:
        """Raise RuleError where nobody can rely on it at `now`: it is too old, or its holidays are not
        known."""
        if self.hours is not None:
            try:
                self.hours.closed.require()
            except RuleError as error:
                raise RuleError(f"the rule {self.name}: {error.what}", hint=error.hint) from None
        if self.as_of is None or self.max_age is None:
            return
        since = datetime.combine(self.as_of, time(), UTC)
        if since - now > _EVERYWHERE:
            raise RuleError(
                f"the rule {self.name} claims to be of {self.as_of}, which has not come yet",
                hint="correct its as_of",
            )
        if now - since > self.max_age:
            raise RuleError(
                f"the rule {self.name} is of {self.as_of}, and may be {format_duration(self.max_age)} old",
                hint="see whether it still is right, and write the day on which you did so as its as_of",
            )


def _limits(name: str, blocks: Sequence[Mapping[str, Any]], complain: Complain) -> Iterator[LimitSpec]:
    for index, block in enumerate(blocks):
        try:
            yield LimitSpec.parse(block, name)
        except ValueError as error:
            complain(("limits", index), str(error), None)


def _date(block: Mapping[str, Any], complain: Complain) -> date | None:
    if "as_of" not in block:
        if "max_age" in block:
            complain(("max_age",), "max_age means nothing without as_of", "say of when the rule is: as_of")
        return None
    try:
        return date.fromisoformat(block["as_of"])
    except ValueError:
        complain(("as_of",), f"{block['as_of']} is no day of the calendar", None)
        return None
