"""`retention:` in the configuration -> desired rules and holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from voiceform.kinds.kind import ParseContext
from voiceform.kinds.notes import notes_of
from voiceform.kinds.retention.evidence.naming import DEFAULT, place_complaint
from voiceform.kinds.retention.matching.criteria import complain, instant_text, read_match
from voiceform.kinds.retention.pacing.pace import BESIDE, UTC_NAME, Pacing
from voiceform.kinds.retention.policy import CALL_RECORDS, HOLDS, RECORDINGS, address
from voiceform.kinds.retention.prices import PriceFileError, Prices, default_prices, read_price_file
from voiceform.kinds.retention.reach import BEYOND_REACH, BEYOND_REACH_HINT, keeps_beyond_reach
from voiceform.kinds.userfiles import Places
from voiceform.kinds.zone_names import zone_hint, zone_named
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.document import Block, Series
from voiceform.model.resource import Desired

PRUNE = "prune"
"""The key of what is said of pace, beside `retention`."""
ARCHIVE_SCHEMES = ("file", "s3", "gs", "az")


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
    evidence = _evidence(section, context)
    beside = {"evidence": evidence, **_pacing(context)}
    desired = [replace(rule, beside={**rule.beside, **beside}) for rule in desired]
    holds = section.get(HOLDS) or Block()
    for name, block in holds.items():
        position = holds.key_position(name)
        where = address(HOLDS, name)
        match = read_match(block.get("match"), position, str(where), context)
        attributes = {"reason": block["reason"], "match": match}
        desired.append(Desired(where, attributes, position, notes=notes_of(block)))
    return desired


def _rule(
    part: str, order: int, block: Block, position: Position, prices: Prices, context: ParseContext
) -> Desired:
    where = address(part, block["name"])
    match = read_match(block.get("match"), position, str(where), context)
    attributes: dict[str, Any] = {"order": order, "match": match}
    if "until" in block:
        attributes["until"] = instant_text(block["until"], block.value_position("until"), context)
    else:
        attributes["keep"] = block["keep"]
        if part == CALL_RECORDS and keeps_beyond_reach(attributes):
            _warn_reach(str(where), block.value_position("keep"), context)
    archive = block.get("archive")
    if archive is not None:
        _check_archive(archive, context)
        attributes["archive"] = {"to": archive["to"].rstrip("/"), "format": archive.get("format", "wav")}
    return Desired(where, attributes, position, beside={"prices": prices.document()}, notes=notes_of(block))


def _warn_reach(where: str, position: Position, context: ParseContext) -> None:
    context.report(
        Diagnostic(
            "beyond-reach",
            BEYOND_REACH,
            position,
            severity=Severity.WARNING,
            hint=BEYOND_REACH_HINT,
            address=where,
        )
    )


def _pacing(context: ParseContext) -> dict[str, Any]:
    """`prune:` of the configuration: when and how fast rules delete; nothing where it says nothing."""
    section = context.document.get(PRUNE)
    if not section:
        return {}
    zone = section.get("timezone", UTC_NAME)
    if zone_named(zone) is None:
        complain(
            context,
            "prune-pace",
            f"{zone!r} is not an IANA time zone",
            section.value_position("timezone"),
            hint=zone_hint(zone),
        )
        return {}
    try:
        pacing = Pacing.read({key: value for key, value in section.items() if value is not None})
    except ValueError as error:
        complain(
            context,
            "prune-pace",
            f"{section['window']!r} is no window of a day: {error}",
            section.value_position("window"),
            hint='as in "01:00-05:00", or "22:00-02:00" across midnight',
        )
        return {}
    return {BESIDE: pacing.to_document()}


def _evidence(section: Block, context: ParseContext) -> str:
    """Where what is destroyed is taken down: a folder, a URL, or `off`."""
    setting = section.get("evidence")
    if setting is None:
        return DEFAULT
    complaint = place_complaint(setting)
    if complaint is not None:
        complain(
            context,
            "evidence-place",
            complaint,
            section.value_position("evidence"),
            hint="as in evidence, s3://bucket/prefix, or off",
        )
    return str(setting)


def _check_archive(archive: Block, context: ParseContext) -> None:
    to = archive["to"]
    position = archive.value_position("to")
    try:
        url = urlsplit(to)
    except ValueError:
        url = urlsplit("")
    if url.scheme not in ARCHIVE_SCHEMES:
        complain(
            context,
            "archive-url",
            "the archive is not at file://, s3://, gs:// or az://",
            position,
            hint="as in s3://bucket/prefix, or file:///var/archive with an absolute path",
        )
    elif "@" in url.netloc or url.query or url.fragment:
        complain(
            context,
            "archive-url",
            "an archive URL holds a place and nothing else",
            position,
            hint="credentials come from the environment (AWS_..., GOOGLE_..., AZURE_...)",
        )
    elif ".." in url.path.split("/") or bool(url.netloc) is (url.scheme == "file") or url.path in ("", "/"):
        if url.scheme != "file" and url.netloc and url.path in ("", "/"):
            return
        complain(
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
        complain(context, "price-file", error.what, position, hint=error.hint)
        return default_prices()
