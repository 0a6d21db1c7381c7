"""What a survey saw of one list: counts, dates, and what each rule finds due."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from voiceform.kinds.retention.figures import Figures
from voiceform.kinds.retention.matching.truth import Truth
from voiceform.kinds.retention.policy import Ruling
from voiceform.kinds.retention.sid_chunks import Column, seconds_of
from voiceform.twilio.paging import Unreadable
from voiceform.twilio.sids import are_sids, is_sid

Moments = Sequence[datetime | None]
"""When each of many was created; None is what the API did not say."""
Lengths = Sequence[int | None]
"""The seconds that each of many lasts."""


@dataclass(slots=True)
class Group:
    """What one rule finds due, with the seconds that each lasts."""

    due: Column = field(default_factory=Column)
    lengths: array[int] = field(default_factory=lambda: array("q"))

    def oldest(self, most: int | None) -> tuple[Column, Figures]:
        """So many of them, the oldest, and their figures; all for None."""
        due, lengths = self.due, self.lengths
        if most is not None and most < len(due):
            oldest = sorted(range(len(due)), key=due.created.__getitem__)[:most]
            due = due.only(oldest)
            lengths = array("q", map(lengths.__getitem__, oldest))
        return due, Figures.of(due.created, lengths)


@dataclass(slots=True)
class Part:
    """What was seen of one list: everything's dates, what is due per rule, why the rest is kept.

    `held` and `released` count, per hold, what is due but for it: by holds that stay, and by holds that this
    plan releases alone. `answers` counts, per hold that is declared or was added by command, the rows that
    meet it, or might, due or not; NEEDED is what nobody looked up, because no rule would delete it.
    `unreadable` are entries of the list that cannot be read, and so are kept.
    """

    prefix: str
    unreadable: Unreadable = field(default_factory=Unreadable)
    created: array[int] = field(default_factory=lambda: array("q"))
    seen: int = 0
    minutes: int = 0
    groups: defaultdict[str, Group] = field(default_factory=lambda: defaultdict(Group))
    kept: Counter[tuple[str | None, Ruling]] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)
    released: Counter[str] = field(default_factory=Counter)
    answers: Counter[tuple[str, Truth]] = field(default_factory=Counter)

    def note(self, created: Moments, lengths: Lengths) -> None:
        """So many rows were listed."""
        self.seen += len(lengths)
        self.created.extend(seconds_of(created))
        self.minutes += sum([-(-length // 60) for length in lengths if length])

    def due(self, rule: str, sids: Sequence[str], created: Moments, lengths: Lengths) -> None:
        """Put rows with what a rule deletes; those without a date or a SID of this list are kept."""
        if None in created or not are_sids(sids, self.prefix):
            sids, created, lengths = self._certain(rule, sids, created, lengths)
        group = self.groups[rule]
        group.due.extend(sids, cast("Sequence[datetime]", created))
        group.lengths.extend([length or 0 for length in lengths])

    def _certain(
        self, rule: str, sids: Sequence[str], created: Moments, lengths: Lengths
    ) -> tuple[Sequence[str], Moments, Lengths]:
        """Those that have both; the others are counted as kept."""
        places = [at for at, sid in enumerate(sids) if created[at] is not None and is_sid(sid, self.prefix)]
        self.kept[rule, Ruling.UNDECIDED] += len(sids) - len(places)
        return [sids[at] for at in places], [created[at] for at in places], [lengths[at] for at in places]
