"""`calling_rules:` in the configuration -> rules as they are recorded, each with all that it means.

The dates of a table are taken over here, like the people of one: what is recorded is whole, and a table that
changes is a change of every schedule that uses the rule.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any

from voiceform.kinds.call.rules.closed import ClosedDays
from voiceform.kinds.call.rules.faults import Path, RuleError
from voiceform.kinds.call.rules.hours import RECIPIENT
from voiceform.kinds.call.rules.rule import CallingRule
from voiceform.kinds.call.tables import TableError, read_table
from voiceform.kinds.kind import ParseContext
from voiceform.kinds.userfiles import Places, UserFileError, place_in, text_of
from voiceform.model.address import Address
from voiceform.model.clock import Clock
from voiceform.model.diagnostics import Diagnostic, Position, Report, Severity
from voiceform.model.document import Block, Series

SECTION = "calling_rules"
DEFAULT_COLUMN = "date"
_MOST_BAD_ROWS = 20

Rules = Mapping[str, Mapping[str, Any]]
"""What is recorded of each rule, by its name."""


def read_rules(context: ParseContext, places: Places, clock: Clock | None) -> Rules:
    """Every rule that is declared; what is wrong with one is reported. `clock` tells which are too old."""
    rules = context.document.get(SECTION) or Series()
    found: dict[str, dict[str, Any]] = {}
    declared: dict[str, Position] = {}
    for index, block in enumerate(rules):
        position = rules.item_position(index)
        name = block["name"]
        first = declared.setdefault(name, position)
        if first is not position:
            message = f"the rule {name} is already declared at {first}"
            hint = "give every rule a name of its own"
            context.report(Diagnostic("duplicate-address", message, position, hint=hint))
            continue
        found[name] = _Reading(name, block, position, context.report, places).document(clock)
    return found


def rules_of(block: Block, owner: str, rules: Rules, context: ParseContext) -> dict[str, Mapping[str, Any]]:
    """The rules that a schedule names under `rules`; what is not declared is reported."""
    names = block.get("rules") or Series()
    found = {}
    for index, name in enumerate(names):
        place = names.item_position(index) if isinstance(names, Series) else block.value_position("rules")
        if name in rules:
            found[name] = rules[name]
        elif not context.may_be_declared(address_of(name)):
            near = get_close_matches(name, rules, 1)
            hint = (
                f"did you mean {near[0]}?"
                if near
                else f"declare it under {SECTION}, or name its file with -f"
            )
            message = f"there is no rule {name}"
            context.report(Diagnostic("unknown-reference", message, place, hint=hint, address=owner))
    return dict(sorted(found.items()))


def address_of(name: str) -> Address:
    """How a rule is told from everything else that has a name."""
    return Address("rule", name)


def goes_by_recipient(rule: Mapping[str, Any]) -> bool:
    """Whether a recorded rule goes by the clocks of whoever is called."""
    return "hours" in rule and rule["hours"]["timezone"] == RECIPIENT


class _Reading:
    """One rule."""

    def __init__(self, name: str, block: Block, position: Position, report: Report, places: Places) -> None:
        self.name = name
        self.block = block
        self.position = position
        self.report = report
        self.places = places
        self.is_sound = True

    def document(self, clock: Clock | None) -> dict[str, Any]:
        """The rule as it is recorded."""
        block = self.block
        document: dict[str, Any] = {}
        if "hours" in block:
            document["hours"] = self._hours(block["hours"])
        if block.get("limits"):
            document["limits"] = [dict(limit) for limit in block["limits"]]
        if not document:
            self._complain((), "it says nothing that has to hold: neither hours nor limits", None)
        if "match" in block:
            document["match"] = {"to": sorted(set(block["match"]["to"]))}
        document |= {key: str(block[key]) for key in ("as_of", "max_age") if key in block}
        rule = CallingRule.of(self.name, document, self._complain)
        if rule.match is not None:
            rule.match.check(lambda path, *said: self._complain(("match", "to", *path), *said))
        self._check_holidays()
        if self.is_sound and clock is not None:
            self._warn_of_age(rule, clock)
        return document

    def _hours(self, block: Block) -> dict[str, Any]:
        document: dict[str, Any] = {
            "timezone": block.get("timezone", RECIPIENT),
            "weekly": {days: list(windows) for days, windows in block["weekly"].items()},
        }
        if "holidays" in block:
            document["holidays"] = dict(block["holidays"])
        if "except" in block:
            document["except"] = sorted(set(self._dates(block["except"])))
        if "outside" in block:
            document["outside"] = block["outside"]
        return document

    def _dates(self, items: Series) -> Iterator[str]:
        for index, item in enumerate(items):
            if isinstance(item, Block):
                yield from self._table(item)
            elif _is_day(item):
                yield item
            else:
                self._complain(("hours", "except", index), f"{item} is no day of the calendar", None)

    def _table(self, block: Block) -> Iterator[str]:
        """The dates in a column of a file; problems of the file are reported."""
        path = FilePath(block.file).parent / block["csv"]
        column = block.get("column", DEFAULT_COLUMN)
        place = block.value_position("csv")
        bad = count = 0
        try:
            for row in read_table(text_of(self.places.read(path).content), [column]):
                count += 1
                text = row.cells[0].strip() if row.cells else ""
                if _is_day(text):
                    yield text
                    continue
                bad += 1
                if bad <= _MOST_BAD_ROWS:
                    problem = row.problem or "this is no day of the calendar, such as 2026-12-24"
                    self._report("unusable-csv", problem, place_in(str(path), row.line))
        except UserFileError as error:
            self._report("unusable-csv", f"{path} {error.what}", place, error.hint)
        except TableError as error:
            where = place_in(str(path), error.line) if error.line else block.value_position("column")
            self._report("unusable-csv", f"{path} {error}", where, error.hint)
        else:
            if not count:
                hint = "did the program that wrote it fail?"
                self._report("unusable-csv", f"{path} has a header and no dates", place, hint)
            elif bad > _MOST_BAD_ROWS:
                more = f"{path}: {bad - _MOST_BAD_ROWS} more rows have no date that can be read"
                self._report("unusable-csv", more, place)

    def _check_holidays(self) -> None:
        block = self.block.get("hours", {}).get("holidays")
        if block is None:
            return
        country, subdivision = block["country"], block.get("subdivision")
        for key, days in (
            ("country", ClosedDays(country=country)),
            ("subdivision", ClosedDays(country=country, subdivision=subdivision)),
        ):
            try:
                days.require()
            except RuleError as error:
                self._report("invalid-rule", error.what, block.value_position(key), error.hint)
                return

    def _warn_of_age(self, rule: CallingRule, clock: Clock) -> None:
        try:
            rule.require(clock.now())
        except RuleError as error:
            place = self.block.value_position("as_of")
            self._report("old-rule", f"nobody is called: {error.what}", place, error.hint, Severity.WARNING)

    def _complain(self, path: Path, problem: str, hint: str | None) -> None:
        self._report("invalid-rule", problem, self._place(path), hint)

    def _place(self, path: Path) -> Position:
        """Where a value of the rule is written; what is not there, where it would be."""
        value: Any = self.block
        place = self.position
        for key in path:
            if isinstance(value, Block) and isinstance(key, str) and key in value:
                place, value = value.value_position(key), value[key]
            elif isinstance(value, Series) and isinstance(key, int):
                place, value = value.item_position(key), value[key]
            else:
                break
        return place

    def _report(
        self,
        code: str,
        message: str,
        place: Position,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.is_sound = self.is_sound and severity is not Severity.ERROR
        text = f"the rule {self.name}: {message}" if code == "invalid-rule" else message
        self.report(Diagnostic(code, text, place, severity, hint))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
