"""What people will feel of a schedule: the lines that a plan shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from voiceform.kinds.call.dialling.verdicts import Due, Verdict, reasons_of
from voiceform.kinds.call.ledger.entries import CallStatus
from voiceform.kinds.call.ledger.pauses import Pause
from voiceform.kinds.call.live import LiveSchedule
from voiceform.kinds.call.prospects import CALLED, Prospect
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.table_impact import table_lines
from voiceform.kinds.call.timing.localtime import Occurrence
from voiceform.kinds.call.waves import Waves
from voiceform.model.wording import counted


def schedule_impact(
    spec: CallSpec,
    live: LiveSchedule,
    prospect: Prospect,
    now: datetime,
    pause: Pause | None,
    without_time: int = 0,
) -> tuple[tuple[str, ...], int]:
    """The lines for a schedule, and how many people its next occurrence would call, or all those to come
    where each has a time: none while the configuration pauses it. A pause by command ends without a plan, so
    those count whom it keeps waiting. `without_time` rows of its table have no time."""
    due, following = prospect.due, prospect.following
    lines = [] if pause is None else [f"nobody is called: {pause}"]
    if due:
        lines.extend(_due_lines(spec, due, now, paused=pause is not None))
    calls = 0
    if following:
        quiet = pause is None and not any(item.verdict in CALLED for item in due)
        who = "nobody is phoned by apply; dispatch phones next: " if quiet else "next: "
        lines.append(who + "; ".join(moment(item, spec.schedule.zone) for item in following))
        calls = sum(item.verdict in CALLED for item in prospect.next)
        if pause is None and spec.schedule.column is not None:
            lines.append(_times_line(spec, prospect.next, calls))
        elif pause is None:
            lines.append(_next_line(spec, following[0], prospect.next, calls))
    else:
        lines.append("no occurrence is left")
    lines.extend(table_lines(spec, now, without_time))
    unknown = sum(entry.status is CallStatus.UNKNOWN for entry in live.entries.values())
    if unknown:
        lines.append(
            f"{counted(unknown, 'earlier call')} with an unknown outcome: see `voiceform calls list`"
        )
    return tuple(lines), calls if spec.enabled else 0


def moment(occurrence: Occurrence, zone: ZoneInfo) -> str:
    """An occurrence in its own zone and, where that is another, in UTC, with what the clocks did to it."""
    local = occurrence.local(zone)
    note = occurrence.note(zone)
    text = f"{local:%a %Y-%m-%d %H:%M %Z}"
    if local.tzname() != "UTC":
        text += f" ({occurrence.instant:%Y-%m-%d %H:%M} UTC)"
    return f"{text} [{note}]" if note else text


def grouped(items: Sequence[Due]) -> str:
    """`outside the calling hours (3), on the do-not-call list (2)`."""
    return ", ".join(f"{reason} ({count})" for reason, count in reasons_of(items))


def _due_lines(spec: CallSpec, due: Sequence[Due], now: datetime, *, paused: bool) -> list[str]:
    by_verdict: dict[Verdict, list[Due]] = {}
    for item in due:
        by_verdict.setdefault(item.verdict, []).append(item)
    lines = []
    placed = by_verdict.get(Verdict.PLACE, ())
    if placed and paused:
        lines.append(
            f"{counted(len(placed), 'call')} due now and not placed; after a pause the misfire grace decides"
        )
    elif placed:
        finish = now + timedelta(seconds=(len(placed) - 1) / spec.speed)
        done = f"{finish.astimezone(spec.schedule.zone):%H:%M:%S %Z}"
        lines.append(f"{counted(len(placed), 'call')} due now, placed by apply until about {done}")
    for verdict, word in (
        (Verdict.WAIT, "due but waiting"),
        (Verdict.HOLD, "due but held back"),
        (Verdict.SUPPRESS, "suppressed"),
        (Verdict.MISS, "missed"),
        (Verdict.BLOCK, "not placed"),
    ):
        items = by_verdict.get(verdict)
        if items:
            reasons = grouped(items)
            lines.append(f"{counted(len(items), 'call')} {word}: {reasons}")
    return lines


def _others(due: Sequence[Due]) -> str:
    """Who of these is not called, and why."""
    text = ""
    for verdict, word in ((Verdict.SUPPRESS, "suppressed"), (Verdict.BLOCK, "not called")):
        others = [item for item in due if item.verdict is verdict]
        if others:
            text += f", {len(others)} {word}: {grouped(others)}"
    return text


def _times_line(spec: CallSpec, due: Sequence[Due], calls: int) -> str:
    """What comes of a schedule with a time for each; `due` is in the order of time."""
    who = counted(calls, "person is", "people are")
    last = f"{due[-1].since.astimezone(spec.schedule.zone):%a %Y-%m-%d %H:%M %Z}"
    text = f"{who} called at times of their own, the last {last}{_others(due)}"
    at_once = max(Counter(item.key.occurrence for item in due).values(), default=0)
    late = timedelta(seconds=(at_once - 1) / spec.speed)
    if late > spec.grace:
        text += (
            f"; {at_once:,} have the same time, and at {spec.speed:g} a second the misfire grace ends before"
            " all are called: raise pace or misfire_grace"
        )
    if spec.retry.attempts > 1:
        text += f"; up to {spec.retry.text()}"
    return text


def _next_line(spec: CallSpec, occurrence: Occurrence, due: Sequence[Due], calls: int) -> str:
    text = f"the next occurrence calls {counted(calls, 'person', 'people')}{_others(due)}"
    if calls and spec.waves is None:
        duration = timedelta(seconds=(calls - 1) / spec.speed)
        finish = (occurrence.instant + duration).astimezone(spec.schedule.zone)
        text += f"; at {spec.speed:g} a second it is finished about {finish:%H:%M:%S %Z}"
        text += _too_slow(spec, duration, "the rest")
    elif calls and spec.waves is not None:
        text += _waves_text(spec, spec.waves, occurrence, len(due))
    if spec.retry.attempts > 1:
        text += f"; up to {spec.retry.text()}"
    return text


def _waves_text(spec: CallSpec, waves: Waves, occurrence: Occurrence, people: int) -> str:
    """In which waves, when the last one begins, and what stops them."""
    text = f" in {waves.text(people)}"
    last = waves.number(people - 1)
    if last > 1:
        begins = (occurrence.instant + waves.begins(last, spec.speed)).astimezone(spec.schedule.zone)
        text += f"; the last one begins about {begins:%H:%M:%S %Z} at the latest"
    if waves.stop:
        shares = " or ".join(f"{share:f} % {rule}" for rule, share in waves.stop.items())
        text += f", and more than {shares} stops them"
    largest = max(waves.sizes(people))
    return text + _too_slow(spec, timedelta(seconds=(largest - 1) / spec.speed), "the rest of a wave")


def _too_slow(spec: CallSpec, duration: timedelta, rest: str) -> str:
    if duration <= spec.grace:
        return ""
    reached = int(spec.grace.total_seconds() * spec.speed) + 1
    slow = "pace" if spec.speed == spec.pace else "safety.max_cps"
    return (
        f", but the misfire grace ends after {reached} calls and {rest} would be missed:"
        f" raise {slow} or misfire_grace"
    )
