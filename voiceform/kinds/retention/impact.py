"""What a plan says about rules and holds beside the fields that change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from voiceform.kinds.retention.details import DeletionOrder
from voiceform.kinds.retention.erasure import details as erased
from voiceform.kinds.retention.evidence.naming import OFF
from voiceform.kinds.retention.figures import histogram, moment_text
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import CALL_RECORDS, ERASURE, RECORDINGS, Ruling, split
from voiceform.kinds.retention.prices import Prices
from voiceform.kinds.retention.survey import Survey
from voiceform.kinds.retention.tally import Part
from voiceform.model.address import Address
from voiceform.model.plan import Caution, Change
from voiceform.model.resource import Desired
from voiceform.model.wording import are, counted

THINGS = {RECORDINGS: "recording", CALL_RECORDS: "call record"}

ERASED_PARTS = {
    erased.RECORDINGS: "recordings",
    erased.COPIES: "archived recordings",
    erased.CALL_RECORDS: "call records",
    erased.STATE: "who was called and what the journal knows",
}

_WHY_KEPT = {
    Ruling.HELD: "kept by a hold",
    Ruling.GUARDED: "kept because of their recordings",
    Ruling.UNDECIDED: "kept because a rule cannot be decided: nobody can tell the length, the call, or who"
    " was in the conference",
}


def rule_lines(order: DeletionOrder, part: Part, desired: Desired, name: str) -> tuple[str, ...]:
    """What a rule deletes: how many, how long, from when to when, per month, and what that saves."""
    total = order.total
    lines = [
        f"{counted(total.count, THINGS[name])} of {part.seen:,} ({counted(total.minutes, 'minute')}),"
        f" made from {_moment(total.oldest)} to {_moment(total.newest)}"
    ]
    if order.created_until is not None:
        lines.append(f"due is what was made at or before {_moment(order.created_until)}")
    lines.extend(histogram(total.months))
    if name == RECORDINGS:
        lines.append(_saving(Prices.read(desired.beside["prices"]), part, total.minutes))
    archive = desired.attributes.get("archive")
    if archive:
        lines.append(
            f"each is copied to {archive['to']} as {archive['format']} and verified before it is deleted"
        )
    if order.evidence == OFF:
        lines.append("nobody will be able to prove what was deleted: evidence is off")
    else:
        lines.append(f"each is taken down in {order.evidence}")
    return tuple(lines)


def destroyed(change: Change) -> str | None:
    """What a change destroys for ever; None when nothing."""
    part, name = split(change.address)
    if part == ERASURE:
        return f"what is erased of a person, {ERASED_PARTS[name]}, cannot be had back"
    count = sum(change.counts.values())
    return f"{counted(count, THINGS[part])} {are(count)} destroyed" if count else None


def kept_lines(part: Part, rule: str, name: str, *, first: bool) -> tuple[str, ...]:
    """Why some of what is old enough stays; with the first rule also what no rule could be found for."""
    counts = {verdict: part.kept[rule, verdict] for verdict in (Ruling.HELD, Ruling.GUARDED)}
    counts[Ruling.UNDECIDED] = part.kept[rule, Ruling.UNDECIDED]
    if first:
        counts[Ruling.UNDECIDED] += part.kept[None, Ruling.UNDECIDED]
    return tuple(
        f"{counted(count, THINGS[name])} {_WHY_KEPT[verdict]}" for verdict, count in counts.items() if count
    )


def nothing_due_lines(part: Part, name: str) -> tuple[str, ...]:
    """What a rule deletes that finds nothing due."""
    return (f"deletes 0 of {counted(part.seen, THINGS[name])} now",)


def hold_lines(found: Survey, hold: str) -> tuple[str, ...]:
    """How much a hold keeps that would be deleted otherwise, and what it matches in all."""
    return tuple(_hold(found, hold)) if found.looked else ()


def hold_warning(found: Survey, where: Address) -> Caution | None:
    """Told in every plan until something matches the hold: it may be written wrongly, and keep nothing."""
    name = split(where)[1]
    parts = (found.recordings, found.calls)
    if not found.looked or any(part.answers[name, Truth.YES] for part in parts):
        return None
    maybe = sum(part.answers[name, Truth.UNKNOWN] for part in parts)
    unasked = sum(part.answers[name, Truth.NEEDED] for part in parts)
    message = "it matches nothing, so it keeps nothing"
    if maybe:
        message = f"nothing matches it for certain; it keeps what might, {counted(maybe, 'object')}"
    elif unasked:
        message = f"nothing matches it so far; {_unasked(unasked, 'object')}"
    return Caution(
        where,
        message,
        "compare its numbers, SIDs and dates with the account; this is told until something matches",
    )


def removal_lines(where: Address) -> tuple[str, ...]:
    """What removing a rule means."""
    part, name = split(where)
    return (
        f"{THINGS[part]}s that {name} decided about are left to the rules behind it; without one they stay",
    )


def _hold(found: Survey, hold: str) -> Iterator[str]:
    for part, thing in ((found.recordings, "recording"), (found.calls, "call record")):
        count = part.held[hold]
        if count:
            yield f"keeps {counted(count, thing)} whose time is over"
        sure, maybe = part.answers[hold, Truth.YES], part.answers[hold, Truth.UNKNOWN]
        if sure or maybe or part is found.recordings:
            more = f", and might match {maybe:,} more that nobody can tell of" if maybe else ""
            yield f"matches {counted(sure, thing)} of {part.seen:,}{more}"
        if unasked := part.answers[hold, Truth.NEEDED]:
            yield _unasked(unasked, thing)


def _unasked(count: int, thing: str) -> str:
    were = "was" if count == 1 else "were"
    return f"{counted(count, thing)} that no rule would delete now {were} not compared with it"


def _saving(prices: Prices, part: Part, minutes: int) -> str:
    saved = prices.saving(part.minutes, minutes)
    free = f", the first {prices.free_minutes:,} minutes free" if prices.free_minutes else ""
    return (
        f"saves {saved.quantize(Decimal('0.01'))} {prices.currency} of storage a month"
        f" (prices of {prices.as_of}: {prices.storage_per_minute_month} per minute{free})"
    )


def _moment(moment: datetime | None) -> str:
    return (moment_text(moment) or "").replace("T", " ").replace("Z", " UTC")
