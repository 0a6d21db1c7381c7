"""When people are called, for the section `calls`: occurrences, and the hours of a day."""

from __future__ import annotations

from schemas.source.blocks import block, listed
from schemas.source.values import DATE, OFFSET, TIME, Node, choice, duration, matching, text


def schedule() -> Node:
    """The key `schedule` of a call."""
    return {**_schedule(), "if": {"required": ["column"]}, "else": {"required": ["timezone"]}}


def _schedule() -> Node:
    return block(
        "Schedule",
        "When: exactly one of at, cron, rrule and column, in a time zone. What the clocks skip is moved "
        "forward, and what comes twice means the first; a cron job of a star goes on in real time.",
        {
            "at": matching(
                "Once",
                "A local time in the zone; with an offset (or Z) an exact instant.",
                f"^{DATE}[T ]{TIME}{OFFSET}?$",
                "must be a local time, such as 2026-12-01T09:00:00",
                examples=["2026-12-01T09:00:00"],
                public=True,
            ),
            "cron": text(
                "Cron expression",
                "Minute, hour, day of month, month, day of week, as Debian's cron reads them; L, LW, FRIL "
                "and FRI#2 besides.",
                shortest=9,
                examples=["0 9 * * MON-FRI"],
                public=True,
            ),
            "rrule": text(
                "Recurrence rule",
                "A rule of RFC 5545, hourly or rarer; dtstart says where it begins.",
                shortest=6,
                examples=["FREQ=WEEKLY;BYDAY=TU"],
                public=True,
            ),
            "column": text(
                "Column of times",
                "The column of the table in `to` that has a time for each person, as 2026-12-01 09:00: a "
                "local time in the zone of that person, or with an offset (or Z) an exact instant. Who has "
                "none there is not called.",
                examples=["appointment"],
                public=True,
            ),
            "lead": duration(
                "Lead",
                "How long before the time of the column the person is called; without it, at that time.",
                examples=["24h"],
            ),
            "dtstart": _local_time(
                "Begin of the rule", "The local time from which the rule counts.", "2026-01-13T18:00:00"
            ),
            "start": _local_time(
                "First", "No occurrence of a cron schedule before this local time.", "2026-12-01"
            ),
            "end": _local_time(
                "Last",
                "No occurrence of a cron schedule after this local time; a date includes its whole day.",
                "2026-12-31",
            ),
            "timezone": text(
                "Time zone",
                "An IANA zone. With a column, that of people whose row names none; it may be left out where "
                "every row has a zone or an offset.",
                examples=["America/New_York"],
                public=True,
            ),
        },
        examples=[
            {"at": "2026-12-01T09:00:00", "timezone": "America/New_York"},
            {"cron": "0 9 * * MON-FRI", "timezone": "Europe/Berlin"},
            {"column": "appointment", "lead": "24h", "timezone": "America/New_York"},
            {
                "rrule": "FREQ=MONTHLY;BYDAY=2TU",
                "dtstart": "2026-01-13T18:00:00",
                "timezone": "Europe/London",
            },
        ],
    )


def calling_hours() -> Node:
    """The key `calling_hours` of a call."""
    minute = "([01][0-9]|2[0-3]):[0-5][0-9]"
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    return block(
        "Calling hours",
        "When people may be called. Checked again at the moment of dialling, in every zone that the number "
        "may lie in unless a zone is named.",
        {
            "start": _time_of_day("From", "The first minute, in quotes.", minute, "08:00"),
            "end": _time_of_day(
                "Until",
                "The minute at which calling ends, in quotes; 24:00 is midnight.",
                f"({minute}|24:00)",
                "21:00",
            ),
            "timezone": text(
                "Time zone",
                "An IANA zone, or recipient: every zone that the number called may lie in.",
                default="recipient",
                examples=["recipient"],
                public=True,
            ),
            "days": listed(
                "Days",
                "Days of the week, by the same clocks.",
                choice("Day", "A day of the week.", days),
                unique=True,
                default=list(days),
                examples=[list(days[:5])],
            ),
        },
        required=["start", "end"],
        examples=[{"start": "08:00", "end": "21:00", "timezone": "recipient", "days": list(days[:5])}],
    )


def _local_time(title: str, description: str, example: str) -> Node:
    """A date or a time of the clocks of the schedule's zone."""
    must = "must be a date or a local time, such as 2026-12-01T09:00:00"
    return matching(title, description, f"^{DATE}([T ]{TIME})?$", must, examples=[example], public=True)


def _time_of_day(title: str, description: str, pattern: str, example: str) -> Node:
    must = f'must be a time of day in quotes, such as "{example}"'
    return matching(title, description, f"^{pattern}$", must, examples=[example], public=True)
