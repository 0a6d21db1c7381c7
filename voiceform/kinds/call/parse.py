"""`calls:` in the configuration -> desired schedules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from voiceform.kinds.call.answer import parse_answer
from voiceform.kinds.call.limits.declared import declared_limits, limited_by
from voiceform.kinds.call.limits.spec import LimitSpec
from voiceform.kinds.call.lists import declared_lists, declared_reassigned
from voiceform.kinds.call.people import Roster
from voiceform.kinds.call.recipients import Recipients, check_number, read_recipients
from voiceform.kinds.call.retry import retry_attributes, retry_faults
from voiceform.kinds.call.rules.declared import Rules, goes_by_recipient, rules_of
from voiceform.kinds.call.rules.hours import RECIPIENT, Hours
from voiceform.kinds.call.spec import KIND
from voiceform.kinds.call.timing.schedule import Schedule
from voiceform.kinds.call.timing.zones import has_zones
from voiceform.kinds.call.waves import settles_too_soon, waves_attributes, waves_faults
from voiceform.kinds.kind import ParseContext
from voiceform.kinds.notes import notes_of
from voiceform.kinds.outgoing.declared import declared, records
from voiceform.kinds.outgoing.findings import findings
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.document import Block
from voiceform.model.numbers import is_phone_number, person
from voiceform.model.resource import Desired

DEFAULT_GRACE = "15m"
DEFAULT_MISFIRE = "each"
DEFAULT_PACE = 1
_RINGS = 60
"""Seconds, where nothing is said: https://www.twilio.com/docs/voice/api/call-resource, Timeout."""


def parse(section: Block, context: ParseContext, places: Places, rules: Rules) -> list[Desired]:
    """Desired schedules in source order; `rules` are those that are declared. Do-not-call lists are kept
    relative to the stack's folder, so that a plan made elsewhere finds nothing to change."""
    limits = declared_limits(context.document, context.report)
    return [
        _Parsing(key, block, section.key_position(key), context, places, limits, rules).desired()
        for key, block in section.items()
    ]


class _Parsing:
    """One entry of the section."""

    def __init__(
        self,
        key: str,
        block: Block,
        position: Position,
        context: ParseContext,
        places: Places,
        limits: Sequence[LimitSpec],
        rules: Rules,
    ) -> None:
        self.limits = limits
        self.block = block
        self.address = Address(KIND, key)
        self.position = position
        self.context = context
        self.places = places
        self.rules = rules_of(block, str(self.address), rules, context)

    def desired(self) -> Desired:
        block = self.block
        many = isinstance(block["to"], Block) and "language" in block["to"]
        answer = parse_answer(block["answer"], str(self.address), self.context, many_languages=many)
        people = read_recipients(block, answer, str(self.address), self.context.report, self.places)
        caller = check_number(
            block["from"], block.value_position("from"), str(self.address), self.context.report
        )
        self._check_caller(caller, people.to)
        self._check_schedule(block["schedule"])
        self._check_hours(people)
        self._check_repetition()
        self._check_retry()
        self._check_parameters(people.to)
        self._check_waves()
        attributes: dict[str, Any] = {
            "enabled": block.get("enabled", True),
            "to": people.to,
            **_more(people),
            "from": caller,
            "schedule": _plain(block["schedule"]),
            "misfire_grace": block.get("misfire_grace", DEFAULT_GRACE),
            "misfire": block.get("misfire", DEFAULT_MISFIRE),
            "calling_hours": self._hours(),
            "rules": self.rules,
            "do_not_call": declared_lists(block, str(self.address), self.context.report, self.places),
            **declared_reassigned(block, str(self.address), self.context.report, self.places),
            "answer": answer.attributes if answer is not None else {},
            "record": records(block),
            **declared(block),
            "retry": retry_attributes(block.get("retry")),
            "waves": waves_attributes(block.get("waves")),
            "pace": block.get("pace", DEFAULT_PACE),
            "on_remove": block.get("on_remove", "let-finish"),
            "on_change": block.get("on_change", "keep"),
            **_shared_pace(self.context),
            **limited_by(block.get("purpose"), self.limits),
        }
        return Desired(
            address=self.address,
            attributes=attributes,
            position=self.position,
            protect=block.get("protect", False),
            notes=notes_of(block),
            aliases=tuple(Address(KIND, alias) for alias in block.get("aliases", ())),
            depends_on=answer.depends_on if answer is not None else (),
            beside={"without_time": people.without_time} if people.without_time else {},
        )

    def _report(
        self,
        code: str,
        message: str,
        position: Position,
        *,
        hint: str | None = None,
        severity: Severity = Severity.ERROR,
    ) -> None:
        self.context.report(Diagnostic(code, message, position, severity, hint, str(self.address)))

    def _check_caller(self, caller: str | None, to: list[str]) -> None:
        """Nobody can phone themselves: the API refuses such a call each time."""
        who = None if caller is None else person(caller)
        if who is None:
            return
        for number in to:
            if number == who or (not is_phone_number(number) and person(number) == who):
                self._report(
                    "own-number",
                    "one of the recipients is the caller itself",
                    self.block.value_position("from"),
                    hint="Twilio refuses a call from a number to itself: take it out of `to`",
                )
                return

    def _check_schedule(self, block: Block) -> None:
        faults = Schedule.faults(block)
        for fault in faults:
            place = block.value_position(fault.key) if fault.key in block else block.position
            self._report("invalid-schedule", fault.what, place, hint=fault.hint)
        for oddity in () if faults else Schedule.parse(block).oddities:
            self._report("odd-step", oddity, block.value_position("cron"), severity=Severity.WARNING)

    def _check_repetition(self) -> None:
        """Only what repeats can be due more than once, and only who has one time goes in waves."""
        schedule = self.block["schedule"]
        if self.block.get("waves") and "column" in schedule:
            self._report(
                "invalid-schedule",
                "waves divide people who are called at one time, and here each has a time of their own",
                self.block.key_position("waves"),
                hint="leave waves out, or name one time for all with at, cron or rrule",
            )
        if self.block.get("misfire") == "latest" and not ("cron" in schedule or "rrule" in schedule):
            self._report(
                "ignored-setting",
                "misfire: latest changes nothing here: nobody has more than one occurrence",
                self.block.key_position("misfire"),
                severity=Severity.WARNING,
                hint="it is for cron and rrule",
            )

    def _check_hours(self, people: Recipients) -> None:
        block = self.block.get("calling_hours")
        place = self.block.value_position("rules")
        if block:
            place = block.position
            Hours.of_calling_hours(
                block, lambda _path, problem, hint: self._report("invalid-hours", problem, place, hint=hint)
            )
        if not (block and block.get("timezone", RECIPIENT) == RECIPIENT) and not any(
            map(goes_by_recipient, self.rules.values())
        ):
            return
        homeless = sum(not is_phone_number(number) or not has_zones(number) for number in people.to)
        if homeless and people.rows:
            known = Roster(people.rows, people.columns)
            homeless = sum(not known.zones(number) for number in people.to)
        if homeless:
            self._report(
                "unknown-zone",
                f"{homeless} of the recipients are SIP or client addresses or numbers of no country,"
                " which lie in no known time zone",
                place,
                hint="name a zone as the timezone of the hours; otherwise they are never called",
            )

    def _hours(self) -> dict[str, Any] | None:
        block = self.block.get("calling_hours")
        if not block:
            return None
        return {"timezone": RECIPIENT, **_plain(block)}

    def _check_parameters(self, to: list[str]) -> None:
        for found in findings(self.block, to):
            self._report(found.code, found.message, found.position, hint=found.hint, severity=found.severity)
        detection = self.block.get("machine_detection")
        if isinstance(detection, Block) and "callback" in detection and not detection.get("async"):
            self._report(
                "ignored-setting",
                "Twilio ignores the callback of machine_detection for calls that wait for the answer",
                detection.key_position("callback"),
                severity=Severity.WARNING,
                hint="add `async: true`, or remove it; status_callback tells who answered as well",
            )
        if "application_sid" not in self.block["answer"]:
            return
        for key in ("status_callback", "fallback"):
            if self.block.get(key) is not None:
                self._report(
                    "ignored-setting",
                    f"Twilio ignores {key} for calls that an application answers",
                    self.block.key_position(key),
                    severity=Severity.WARNING,
                    hint="set it in the application",
                )

    def _check_retry(self) -> None:
        block = self.block.get("retry")
        if block:
            for key, message, hint in retry_faults(block, detects_machines=self._detects_machines()):
                self._report("invalid-retry", message, block.value_position(key), hint=hint)

    def _check_waves(self) -> None:
        block = self.block.get("waves")
        if block:
            machines, together = self._detects_machines(), "column" not in self.block["schedule"]
            for key, message, hint in waves_faults(block, detects_machines=machines, one_time=together):
                self._report("invalid-waves", message, block.value_position(key), hint=hint)
            rings = self.block.get("timeout", _RINGS)
            if settles_too_soon(block, rings):
                self._report(
                    "short-settle",
                    f"a call may still ring after {rings} seconds, when the wave is taken to have settled",
                    block.value_position("settle") if "settle" in block else block.position,
                    severity=Severity.WARNING,
                    hint="let waves.settle be longer than timeout",
                )

    def _detects_machines(self) -> bool:
        # Twilio does not look for machines where digits are sent.
        return self.block.get("machine_detection") is not None and not self.block.get("send_digits")


def _shared_pace(context: ParseContext) -> dict[str, float]:
    """The pace that all schedules share, which each remembers for those who read no configuration."""
    cps = (context.document.get("safety") or {}).get("max_cps")
    return {} if cps is None else {"max_cps": cps}


def _more(people: Recipients) -> dict[str, Any]:
    """What is recorded of people of whom more is known than their numbers."""
    if not people.table:
        return {}
    return {"people": people.rows, "columns": list(people.columns), "table": dict(people.table)}


def _plain(block: Block) -> dict[str, Any]:
    """Plain JSON in place of blocks that know their position."""
    return {key: list(value) if isinstance(value, list) else value for key, value in block.items()}
