"""What people will feel of a schedule: the lines that a plan shows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from voiceform.kinds.call.dialling.verdicts import Due, Verdict, reasons_of
from voiceform.kinds.call.ledger.entries import CallStatus
from voiceform.kinds.call.ledger.pauses import Pause
from voiceform.kinds.call.live import LiveSchedule
from voiceform.kinds.call.prospects import CALLED, Prospect
from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.call.timing.localtime import Occurrence
from voiceform.model.wording import counted


def schedule_impact(
    spec: CallSpec,
    live: LiveSchedule,
    prospect: Prospect,
    now: datetime,
    pause: Pause | None,
) -> tuple[tuple[str, ...], int]:
    """The lines for a schedule, and how many people its next occurrence would call: none while the
    configuration pauses it. A pause by command ends without a plan, so those count whom it keeps waiting."""
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
        if pause is None:
            lines.append(_next_line(spec, following[0], prospect.next, calls))
    else:
        lines.append("no occurrence is left")
    unknown = sum(entry.status is CallStatus.UNKNOWN for entry in live.entries.values())
    if unknown:
        lines.append(
            f"{counted(unknown, 'earlier call')} with an unknown outcome: see `voiceform calls list`"
        )
    return tuple(lines), calls if spec.enabled else 0


def moment(occurrence: Occurrence, zone: ZoneInfo) -> str:
    """An occurrence in its own zone and in UTC, with what the clocks did to it."""
    local = occurrence.local(zone)
    note = occurrence.note(zone)
    text = f"{local:%a %Y-%m-%d %H:%M %Z} ({occurrence.instant:%Y-%m-%d %H:%M} UTC)"
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
        finish = now + timedelta(seconds=(len(placed) - 1) / spec.pace)
        done = f"{finish.astimezone(spec.schedule.zone):%H:%M:%S %Z}"
        lines.append(f"{counted(len(placed), 'call')} due now, placed by apply until about {done}")
    for verdict, word in (
        (Verdict.WAIT, "due but waiting"),
        (Verdict.SUPPRESS, "suppressed"),
        (Verdict.MISS, "missed"),
        (Verdict.BLOCK, "not placed"),
    ):
        items = by_verdict.get(verdict)
        if items:
            reasons = grouped(items)
            lines.append(f"{counted(len(items), 'call')} {word}: {reasons}")
    return lines


def _next_line(spec: CallSpec, occurrence: Occurrence, due: Sequence[Due], calls: int) -> str:
    text = f"the next occurrence calls {counted(calls, 'person', 'people')}"
    for verdict, word in ((Verdict.SUPPRESS, "suppressed"), (Verdict.BLOCK, "not called")):
        others = [item for item in due if item.verdict is verdict]
        if others:
            text += f", {len(others)} {word}: {grouped(others)}"
    if calls:
        duration = timedelta(seconds=(calls - 1) / spec.pace)
        finish = (occurrence.instant + duration).astimezone(spec.schedule.zone)
        text += f"; at {spec.pace:g} a second it is finished about {finish:%H:%M:%S %Z}"
        if duration > spec.grace:
            reached = int(spec.grace.total_seconds() * spec.pace) + 1
            text += (
                f", but the misfire grace ends after {reached} calls and the rest would be missed:"
                " raise pace or misfire_grace"
            )
    if spec.retry.attempts > 1:
        text += f"; up to {spec.retry.text()}"
    return text
