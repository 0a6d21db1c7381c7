"""`match:` of a rule or a hold -> criteria in their normal form, so that equal matches have equal attributes.

Nothing that a user writes may be silently without effect: what no recording can ever meet is told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from voiceform.kinds.kind import ParseContext
from voiceform.kinds.retention.matching.match import CONFERENCE_SOURCES
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.document import Block, Series
from voiceform.model.durations import parse_duration
from voiceform.model.instants import instant_to_text
from voiceform.model.numbers import normal_number
from voiceform.twilio.dates import BEGINNING
from voiceform.twilio.sids import normal_sid

_WORDS = ("source", "status", "channels", "direction")
_SIDS = {"recording_sid": "RE", "call_sid": "CA", "conference_sid": "CF"}
_PARTIES = ("from", "to", "number")
_DURATIONS = ("min_duration", "max_duration")
_NO_DATE = "1970-01-01T00:00:00Z"
"""Stands for a date that was reported; it is never used."""


def read_match(
    block: Mapping[str, Any] | None, position: Position, where: str, context: ParseContext
) -> dict[str, Any]:
    """The criteria with their lists sorted, numbers and SIDs in their normal form and dates as instants."""
    if block is None:
        return {}
    match: dict[str, Any] = {key: sorted(set(block[key])) for key in _WORDS if key in block}
    for key, prefix in _SIDS.items():
        if key in block:
            match[key] = sorted({normal_sid(item, prefix) or item for item in block[key]})
    for key in _PARTIES:
        if key in block:
            match[key] = sorted(set(_parties(block, key, position, where, context)))
    match.update({key: block[key] for key in _DURATIONS if key in block})
    created = block.get("created")
    if created:
        match["created"] = _created(created, position, context)
    _check_durations(match, position, context)
    _warn_contradictions(match, position, where, context)
    return match


def instant_text(text: str, position: Position, context: ParseContext) -> str:
    """A date (midnight UTC) or an instant with a zone, as an instant in UTC; what is neither is reported."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None and len(text) > len("2026-01-01"):
            raise ValueError(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return instant_to_text(aware.astimezone(UTC))
    except (ValueError, OverflowError):
        complain(
            context,
            "invalid-date",
            f"{text!r} is not a date of the calendar, and not an instant with a time zone",
            position,
            hint="write 2026-07-01 (midnight UTC) or 2026-07-01T09:30:00+02:00",
        )
        return _NO_DATE


def complain(
    context: ParseContext,
    code: str,
    message: str,
    position: Position,
    hint: str | None = None,
    *,
    address: str | None = None,
    severity: Severity = Severity.ERROR,
) -> None:
    """Report one finding."""
    context.report(Diagnostic(code, message, position, severity=severity, hint=hint, address=address))


def _parties(
    block: Mapping[str, Any], key: str, position: Position, where: str, context: ParseContext
) -> Iterator[str]:
    """The numbers and addresses of a list in the one spelling in which they are compared.

    What cannot be dialled cannot be compared either: it would match nothing, and hold nothing.
    """
    place = _item_places(block[key], position)
    for index, text in enumerate(block[key]):
        try:
            yield normal_number(text)
        except ValueError as error:
            complain(
                context,
                "invalid-number",
                str(error),
                place(index),
                hint="it would match nothing; write a number as +15558675310, or sip:anna@example.com, or"
                " client:anna",
                address=where,
            )


def _item_places(items: Any, otherwise: Position) -> Callable[[int], Position]:  # noqa: ANN401 - YAML value
    return items.item_position if isinstance(items, Series) else lambda _: otherwise


def _created(created: Mapping[str, Any], position: Position, context: ParseContext) -> dict[str, str]:
    place = created.value_position if isinstance(created, Block) else lambda _: position
    span = {
        key: instant_text(created[key], place(key), context) for key in ("start", "end") if key in created
    }
    if _NO_DATE in span.values():
        return span
    if span.get("start", "") >= span.get("end", "~"):
        complain(context, "empty-range", "created.end is not after created.start", place("end"))
    elif span.get("end", "~") <= instant_to_text(BEGINNING):
        complain(context, "empty-range", "nothing of Twilio's is older than 2008", place("end"))
    return span


def _check_durations(match: Mapping[str, Any], position: Position, context: ParseContext) -> None:
    low, high = match.get("min_duration"), match.get("max_duration")
    if low and high and parse_duration(low) > parse_duration(high):
        complain(context, "empty-range", "max_duration is shorter than min_duration", position)


def _warn_contradictions(
    match: Mapping[str, Any], position: Position, where: str, context: ParseContext
) -> None:
    """Criteria that exclude each other: nothing will ever match."""
    sources = {source.casefold() for source in match.get("source", ())}
    reason = None
    if sources and "conference_sid" in match and not sources & CONFERENCE_SOURCES:
        reason = "recordings of these sources are of no conference"
    elif "min_duration" in match and "status" in match and "completed" not in match["status"]:
        reason = "only what is completed has a duration"
    if reason is not None:
        complain(
            context,
            "never-matches",
            f"nothing ever matches: {reason}",
            position,
            hint="take one of the two criteria out",
            address=where,
            severity=Severity.WARNING,
        )
