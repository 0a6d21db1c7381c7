"""Marks, what became of their calls, and a limit -> whether one more call is allowed, and when it will be.

Pure. What nobody knows yet may have been a call, and may have been answered.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from zoneinfo import ZoneInfo

from voiceform.kinds.call.limits.spec import LimitSpec


class Sent(IntEnum):
    """Whether the request of a call was carried out."""

    NO = 0
    MAYBE = 1
    """It is under way, and may turn out not to have been."""
    YES = 2
    """Or nobody will ever know."""


class Answered(IntEnum):
    """Whether somebody answered."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Contact:
    """One call to a person at `at`, and what is known of it. `talked` is when it was answered, or may be."""

    at: datetime
    purpose: str | None
    sent: Sent
    answered: Answered
    talked: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """The limit that keeps a person from being called, and until when: None until it is known what became of
    an earlier call."""

    limit: LimitSpec
    until: datetime | None


def refusal(
    limits: Sequence[LimitSpec],
    contacts: Sequence[Contact],
    now: datetime,
    zones: Callable[[], Sequence[ZoneInfo]],
) -> Refusal | None:
    """The limit that allows no call now, if one does not: that which lasts longest, and one whose end nobody
    knows only where no other refuses. `zones` are those of the person; they are asked for only where the
    clocks of some zone might tell a difference."""
    refused = [found for limit in limits if (found := _refused(limit, contacts, now, ())) is not None]
    if any(found.limit.goes_by_recipient for found in refused):
        where = zones()
        again = (_refused(found.limit, contacts, now, where) for found in refused)
        refused = [found for found in again if found is not None]
    return _worst(refused)


def _worst(refused: Sequence[Refusal]) -> Refusal | None:
    known, unknown = None, None
    for found in refused:
        if found.until is None:
            unknown = found
        elif known is None or known.until is None or found.until > known.until:
            known = found
    return known or unknown


def _refused(
    limit: LimitSpec, contacts: Sequence[Contact], now: datetime, zones: Sequence[ZoneInfo]
) -> Refusal | None:
    zones = zones if limit.zone is None else (limit.zone,)
    counting = [
        contact
        for contact in contacts
        if contact.sent is not Sent.NO and (limit.purpose is None or contact.purpose == limit.purpose)
    ]
    if limit.after_answer:
        return _since_an_answer(limit, counting, now, zones)
    if limit.answered_only:
        counted = [(c.talked, c.answered is Answered.YES) for c in counting if c.answered is not Answered.NO]
    else:
        counted = [(contact.at, contact.sent is Sent.YES) for contact in counting]
    counted = [(at, certain) for at, certain in counted if limit.per.holds(at, now, zones)]
    return _over(limit, limit.max, counted, now, zones)


def _over(
    limit: LimitSpec,
    most: int,
    counted: Sequence[tuple[datetime, bool]],
    now: datetime,
    zones: Sequence[ZoneInfo],
) -> Refusal | None:
    """Refused while `most` or more count: until so many of those that are certain are left behind that fewer
    do."""
    if len(counted) < most:
        return None
    certain = sorted(limit.per.ends(at, now, zones) for at, certain in counted if certain)
    if len(certain) < most:
        return Refusal(limit, None)
    return Refusal(limit, certain[len(certain) - most])


def _since_an_answer(
    limit: LimitSpec, counting: Sequence[Contact], now: datetime, zones: Sequence[ZoneInfo]
) -> Refusal | None:
    """Of the calls after each that was answered within the period at most `max` are allowed."""
    worst: Refusal | None = None
    for talk in counting:
        if talk.answered is Answered.NO or not limit.per.holds(talk.talked, now, zones):
            continue
        after = sum(contact.at > talk.at for contact in counting)
        if after < limit.max:
            continue
        if talk.answered is Answered.MAYBE:
            worst = worst or Refusal(limit, None)
            continue
        ends = limit.per.ends(talk.talked, now, zones)
        if worst is None or worst.until is None or ends > worst.until:
            worst = Refusal(limit, ends)
    return worst
