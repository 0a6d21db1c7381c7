"""`safety.freeze` in the configuration -> times in which changes wait."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from voiceform.config.problems.findings import Findings
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.document import Block, Series
from voiceform.model.safety import Freeze

_DATE = len("2026-12-20")


def declared_freezes(document: Block, findings: Findings) -> tuple[Freeze, ...]:
    """The freezes that a document declares; what is wrong with one is reported, and it is left out."""
    safety = document.get("safety")
    declared = safety.get("freeze") if isinstance(safety, Block) else None
    if not isinstance(declared, Series):
        return ()
    found = []
    for entry in declared:
        if isinstance(entry, Block) and entry.keys() >= {"start", "end", "reason"}:
            freeze = _freeze(entry, findings)
            if freeze is not None:
                found.append(freeze)
    return tuple(found)


def _freeze(entry: Block, findings: Findings) -> Freeze | None:
    zone = _zone(entry, findings)
    if zone is None:
        return None
    start = _instant(entry, "start", zone, findings)
    end = _instant(entry, "end", zone, findings, after=True)
    if start is None or end is None:
        return None
    if end <= start:
        _report(
            findings, "the freeze ends before it begins", entry.value_position("end"), "correct start or end"
        )
        return None
    kinds = tuple(str(kind) for kind in entry.get("kinds") or ())
    period = f"{entry['start']} to {entry['end']} ({zone.key})"
    return Freeze(start, end, " ".join(str(entry["reason"]).split()), kinds, period)


def _zone(entry: Block, findings: Findings) -> ZoneInfo | None:
    name = str(entry.get("timezone", "UTC"))
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):
        place = entry.value_position("timezone")
        _report(
            findings, f"there is no time zone {name!r}", place, "an IANA zone is meant, as America/New_York"
        )
        return None


def _instant(
    entry: Block, key: str, zone: ZoneInfo, findings: Findings, *, after: bool = False
) -> datetime | None:
    """The instant of a text: of a date its beginning by that zone, or its end with `after`. A time that the
    zone has twice is taken so that the freeze is the longer for it."""
    text = str(entry[key])
    try:
        if len(text) != _DATE:
            moment = datetime.fromisoformat(text)
        else:
            moment = datetime.combine(date.fromisoformat(text) + timedelta(days=after), time())
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone, fold=int(after))).astimezone(UTC)
    except (ValueError, OverflowError):
        _report(
            findings,
            f"the {key} is a day or a time that there is not",
            entry.value_position(key),
            "as 2026-12-20",
        )
        return None


def _report(findings: Findings, message: str, place: Position, hint: str) -> None:
    if not findings.found_at(place):
        findings(Diagnostic("invalid-value", message, place, hint=hint))
