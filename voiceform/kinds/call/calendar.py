"""Occurrences as an iCalendar file (RFC 5545); the library escapes what names and texts hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from voiceform.kinds.call.preview import Preview
from voiceform.model.errors import MissingExtraError
from voiceform.model.masking import redact_text
from voiceform.model.wording import counted

_SHORTEST = timedelta(minutes=1)


def calendar_text(found: Iterable[Preview], now: datetime) -> str:
    """One event for each occurrence, in UTC, so that no program has to know the zone's rules.

    Raises MissingExtraError without the extra `calendar`.
    """
    try:
        from icalendar import Calendar, Event
    except ModuleNotFoundError as error:
        raise MissingExtraError("the calendar format", "calendar") from error
    calendar = Calendar()
    calendar.add("prodid", "-//voiceform//schedule//EN")
    calendar.add("version", "2.0")
    known: Counter[str] = Counter()
    for item in found:
        instant = item.occurrence.instant
        event = Event()
        name = redact_text(f"{instant:%Y%m%dT%H%M%SZ}-{item.spec.address}")
        known[name] += 1  # addresses that differ only in what is masked are events of their own
        event.add("uid", f"{name}@voiceform" if known[name] == 1 else f"{name}-{known[name]}@voiceform")
        event.add("dtstamp", now.replace(microsecond=0))
        event.add("dtstart", instant)
        event.add("dtend", max(item.finish, instant + _SHORTEST).replace(microsecond=0))
        calls = counted(item.calls + item.waiting, "call")
        event.add("summary", redact_text(f"{item.spec.address}: {calls}"))
        event.add("description", redact_text(item.text()))
        calendar.add_component(event)
    return str(calendar.to_ical(), "utf-8")
