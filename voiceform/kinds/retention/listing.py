"""Every recording with what decides about it: the same rules, holds and lookups as those of a plan."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from voiceform.kinds.base import RefreshContext
from voiceform.kinds.retention.added import standing
from voiceform.kinds.retention.call_lookup import CallBook
from voiceform.kinds.retention.policy import (
    RECORDINGS,
    Decision,
    Policy,
    Ruling,
    address,
    due_at,
    held_by,
    rules_of,
)
from voiceform.kinds.retention.survey import standing_holds
from voiceform.kinds.retention.weighing import weighed
from voiceform.twilio.paging import Unreadable
from voiceform.twilio.sids import is_sid

if TYPE_CHECKING:
    from voiceform.twilio.resources import Recording

REASONS = {
    Ruling.DUE: "due",
    Ruling.YOUNG: "not due yet",
    Ruling.NO_RULE: "without a rule",
    Ruling.HELD: "on hold",
    Ruling.UNDECIDED: "undecided, so kept",
    Ruling.UNFINISHED: "not finished",
    Ruling.UNDATED: "without a readable date, so kept",
}
"""What each ruling says of a recording."""


@dataclass(frozen=True, slots=True)
class ListedRecording:
    """One recording: the ruling, the rule that decides, the holds that keep it, and when it is due by its
    rule (None: never, or nobody can tell)."""

    recording: Recording
    ruling: Ruling
    rule: str | None
    holds: tuple[str, ...]
    due_at: datetime | None


@dataclass(slots=True)
class Recordings:
    """The recordings, each as it is read: iterate once. `unreadable` counts entries of the account's list
    that cannot be read; it is whole afterwards."""

    rows: Iterator[ListedRecording]
    unreadable: Unreadable = field(default_factory=Unreadable)

    def __iter__(self) -> Iterator[ListedRecording]:
        return self.rows


def list_recordings(
    context: RefreshContext, unreadable: Unreadable, *, ask_holds: bool
) -> Iterator[ListedRecording]:
    """Every recording of the account. With `ask_holds` every one is asked for holds, and not only what is
    due: a hold that is about numbers has each call looked up."""
    book = CallBook(context.client)
    holds = standing_holds(context, standing(context.store))
    policy = Policy(rules_of(context.desired, RECORDINGS, context.now), holds)

    def weigh(recording: Recording) -> Decision:
        decision = policy.decide(recording, book, young_too=True)
        if not ask_holds or decision.ruling in (Ruling.NEEDED, Ruling.HELD):
            return decision
        held = held_by(policy.index, recording, book, decision.rule)
        if held.ruling is Ruling.NEEDED:
            return held
        return Decision(decision.ruling, decision.rule, held.holds)

    pages = context.client.scan_recordings(unreadable=unreadable)
    for recording, decision in chain.from_iterable(weighed(pages, weigh, book, policy)):
        ruling = decision.ruling
        if ruling is Ruling.DUE and not is_sid(recording.sid, "RE"):
            ruling = Ruling.UNDECIDED
        due = None
        if decision.rule is not None and recording.date_created is not None:
            attributes = context.desired[address(RECORDINGS, decision.rule)].attributes
            due = due_at(attributes, recording.date_created)
        yield ListedRecording(recording, ruling, decision.rule, decision.holds, due)
