"""`retention:` in the configuration -> desired rules and holds."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from voiceform.kinds.base import ParseContext
from voiceform.kinds.retention.policy import CALL_RECORDS, HOLDS, RECORDINGS, address
from voiceform.kinds.retention.prices import PriceFileError, Prices, default_prices, read_price_file
from voiceform.kinds.userfiles import Places
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.document import Block, Series
from voiceform.model.durations import parse_duration
from voiceform.model.plan_codec import instant_to_text
from voiceform.model.resource import Desired

ARCHIVE_SCHEMES = ("file", "s3", "gs", "az")

_LISTS = ("source", "status", "channels", "call_sid", "conference_sid", "from", "to", "direction")


def parse(section: Block, context: ParseContext, places: Places) -> list[Desired]:
    """Desired rules in their order, then holds; what the schema cannot say is reported."""
    prices = _prices(section, context, places)
    desired: list[Desired] = []
    for part in (RECORDINGS, CALL_RECORDS):
        rules = section.get(part) or Series()
        seen: dict[str, Position] = {}
        for index, block in enumerate(rules):
            position = rules.item_position(index) if isinstance(rules, Series) else section.key_position(part)
            if _is_new(part, block["name"], position, seen, context):
                desired.append(_rule(part, index + 1, block, position, prices, context))
        _warn_unreachable(part, rules, seen, context)
    holds = section.get(HOLDS) or Block()
    for name, block in holds.items():
        position = holds.key_position(name)
        attributes = {"reason": block["reason"], "match": _match(block.get("match"), position, context)}
        desired.append(Desired(address(HOLDS, name), attributes, position))
    return desired


def _rule(
    part: str, order: int, block: Block, position: Position, prices: Prices, context: ParseContext
) -> Desired:
    attributes: dict[str, Any] = {"order": order, "match": _match(block.get("match"), position, context)}
    if "until" in block:
        attributes["until"] = _instant_text(block["until"], block.value_position("until"), context)
    else:
        attributes["keep"] = block["keep"]
    archive = block.get("archive")
    if archive is not None:
        _check_archive(archive, context)
        attributes["archive"] = {"to": archive["to"].rstrip("/"), "format": archive.get("format", "wav")}
    return Desired(address(part, block["name"]), attributes, position, beside={"prices": prices.document()})


def _match(block: Mapping[str, Any] | None, position: Position, context: ParseContext) -> dict[str, Any]:
    """The criteria with lists sorted and dates as instants, so that equal matches have equal attributes."""
    if block is None:
        return {}
    match: dict[str, Any] = {key: sorted(block[key]) for key in _LISTS if key in block}
    match.update({key: block[key] for key in ("min_duration", "max_duration") if key in block})
    _check_durations(match, position, context)
    created = block.get("created")
    if created:
        place = created.value_position if isinstance(created, Block) else lambda _: position
        match["created"] = {
            key: _instant_text(created[key], place(key), context)
            for key in ("start", "end")
            if key in created
        }
        start, end = match["created"].get("start", ""), match["created"].get("end", "~")
        if start >= end:
            _complain(context, "empty-range", "created.end is not after created.start", place("end"))
    return match


def _check_durations(match: Mapping[str, Any], position: Position, context: ParseContext) -> None:
    low, high = match.get("min_duration"), match.get("max_duration")
    if low and high and parse_duration(low) > parse_duration(high):
        _complain(context, "empty-range", "max_duration is shorter than min_duration", position)


def _instant_text(text: str, position: Position, context: ParseContext) -> str:
    """A date (midnight UTC) or an instant with a zone, as an instant in UTC; what is neither is reported."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None and len(text) > len("2026-01-01"):
            raise ValueError(text)
        aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return instant_to_text(aware.astimezone(UTC))
    except (ValueError, OverflowError):
        _complain(
            context,
            "invalid-date",
            f"{text!r} is not a date of the calendar, and not an instant with a time zone",
            position,
            hint="write 2026-07-01 (midnight UTC) or 2026-07-01T09:30:00+02:00",
        )
        return "1970-01-01T00:00:00Z"


def _check_archive(archive: Block, context: ParseContext) -> None:
    to = archive["to"]
    position = archive.value_position("to")
    try:
        url = urlsplit(to)
    except ValueError:
        url = urlsplit("")
    if url.scheme not in ARCHIVE_SCHEMES:
        _complain(
            context,
            "archive-url",
            "the archive is not at file://, s3://, gs:// or az://",
            position,
            hint="as in s3://bucket/prefix, or file:///var/archive with an absolute path",
        )
    elif "@" in url.netloc or url.query or url.fragment:
        _complain(
            context,
            "archive-url",
            "an archive URL holds a place and nothing else",
            position,
            hint="credentials come from the environment (AWS_..., GOOGLE_..., AZURE_...)",
        )
    elif ".." in url.path.split("/") or bool(url.netloc) is (url.scheme == "file") or url.path in ("", "/"):
        if url.scheme != "file" and url.netloc and url.path in ("", "/"):
            return
        _complain(
            context,
            "archive-url",
            "the archive URL does not name a folder",
            position,
            hint="as in s3://bucket/prefix, or file:///var/archive with an absolute path",
        )


def _is_new(
    part: str, name: str, position: Position, seen: dict[str, Position], context: ParseContext
) -> bool:
    first = seen.setdefault(name, position)
    if first is position:
        return True
    where = str(address(part, name))
    context.report(
        Diagnostic(
            "duplicate-address",
            f"{where} is declared twice: the first is at {first}",
            position,
            hint="give every rule a name of its own",
            address=where,
        )
    )
    return False


def _warn_unreachable(part: str, rules: Series, seen: Mapping[str, Position], context: ParseContext) -> None:
    """Rules behind one that matches everything never decide."""
    for index, block in enumerate(rules):
        if not block.get("match") and index + 1 < len(rules):
            later = rules[index + 1]["name"]
            context.report(
                Diagnostic(
                    "unreachable-rule",
                    f"{block['name']} matches everything, so the rules behind it never decide",
                    seen.get(later),
                    severity=Severity.WARNING,
                    hint=f"put {block['name']} last: the first rule that matches decides",
                    address=str(address(part, later)),
                )
            )
            return


def _prices(section: Block, context: ParseContext, places: Places) -> Prices:
    name = section.get("prices")
    if name is None:
        return default_prices()
    position = section.value_position("prices")
    try:
        return read_price_file(name, beside=position.file, places=places)
    except PriceFileError as error:
        _complain(context, "price-file", error.what, position, hint=error.hint)
        return default_prices()


def _complain(
    context: ParseContext, code: str, message: str, position: Position, hint: str | None = None
) -> None:
    context.report(Diagnostic(code, message, position, hint=hint))
