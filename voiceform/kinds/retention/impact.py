"""What a plan says about rules and holds beside the fields that change."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from voiceform.kinds.retention.evidence.places import OFF
from voiceform.kinds.retention.policy import CALL_RECORDS, RECORDINGS, Verdict, split
from voiceform.kinds.retention.prices import Prices
from voiceform.kinds.retention.survey import Group, Part, Survey
from voiceform.kinds.retention.tally import histogram, noun
from voiceform.model.address import Address
from voiceform.model.plan import Change
from voiceform.model.resource import Desired

THINGS = {RECORDINGS: "recording", CALL_RECORDS: "call record"}

_WHY_KEPT = {
    Verdict.HELD: "kept by a hold",
    Verdict.GUARDED: "kept because of their recordings",
    Verdict.UNDECIDED: "kept because a rule cannot be decided: the call or the duration cannot be read",
}


def rule_lines(change: Change, part: Part, group: Group, desired: Desired, name: str) -> tuple[str, ...]:
    """What a rule deletes: how many, how long, from when to when, per month, and what that saves."""
    details, tally = change.details, group.tally
    lines = [
        f"{noun(tally.count, THINGS[name])} of {part.seen:,} ({noun(tally.minutes, 'minute')}),"
        f" made from {_moment(details['oldest'])} to {_moment(details['newest'])}"
    ]
    if until := details["as_of"]["created_until"]:
        lines.append(f"due is what was made at or before {_moment(until)}")
    lines.extend(histogram(tally.months))
    if name == RECORDINGS:
        lines.append(_saving(Prices.read(desired.beside["prices"]), part, tally.minutes))
    archive = desired.attributes.get("archive")
    if archive:
        lines.append(
            f"each is copied to {archive['to']} as {archive['format']} and verified before it is deleted"
        )
    place = details["evidence"]
    if place == OFF:
        lines.append("nobody will be able to prove what was deleted: evidence is off")
    else:
        lines.append(f"each is taken down in {place}")
    return tuple(lines)


def destroyed(change: Change) -> str | None:
    """What a change destroys for ever; None when nothing."""
    part, _ = split(change.address)
    count = sum(change.counts.values())
    return f"{noun(count, THINGS[part])} {'is' if count == 1 else 'are'} destroyed" if count else None


def kept_lines(part: Part, rule: str, name: str, *, first: bool) -> tuple[str, ...]:
    """Why some of what is old enough stays; with the first rule also what no rule could be found for."""
    counts = {verdict: part.kept[rule, verdict] for verdict in (Verdict.HELD, Verdict.GUARDED)}
    counts[Verdict.UNDECIDED] = part.kept[rule, Verdict.UNDECIDED]
    if first:
        counts[Verdict.UNDECIDED] += part.kept[None, Verdict.UNDECIDED]
    return tuple(
        f"{noun(count, THINGS[name])} {_WHY_KEPT[verdict]}" for verdict, count in counts.items() if count
    )


def held_lines(found: Survey, hold: str) -> tuple[str, ...]:
    """How much a hold keeps that would be deleted otherwise."""
    return tuple(_held(found, hold))


def removal_lines(where: Address) -> tuple[str, ...]:
    """What removing a rule means."""
    part, name = split(where)
    return (
        f"{THINGS[part]}s that {name} decided about are left to the rules behind it; without one they stay",
    )


def _held(found: Survey, hold: str) -> Iterator[str]:
    for part, thing in ((found.recordings, "recording"), (found.calls, "call record")):
        count = part.held[hold]
        if count:
            yield f"keeps {noun(count, thing)} whose time is over"


def _saving(prices: Prices, part: Part, minutes: int) -> str:
    saved = prices.saving(part.minutes, minutes)
    free = f", the first {prices.free_minutes:,} minutes free" if prices.free_minutes else ""
    return (
        f"saves {saved.quantize(Decimal('0.01'))} {prices.currency} of storage a month"
        f" (prices of {prices.as_of}: {prices.storage_per_minute_month} per minute{free})"
    )


def _moment(text: str | None) -> str:
    return (text or "").replace("T", " ").replace("Z", " UTC")
