"""Answers that are lost one after another: what takes them away would take those of a whole list.

Each schedule counts for itself, and a run counts over all (kinds/lost.py); neither stands for the other. What
dislikes the words of one schedule (a filter in between) takes its answers alone: those of others arrive, and
end the row of the run, not that of the schedule. What takes all away is noticed by the run, though each
schedule calls but one or two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from voiceform.kinds.call.ledger.entries import CallStatus, Key, LedgerEntry
from voiceform.kinds.lost import IN_A_ROW, TRY_AGAIN, LostAnswers


@dataclass(slots=True)
class Losses:
    """What is known of lost answers of one schedule: whether any call is `unknown`, and how many of the
    latest requests `in_a_row` are, the last of them made at `latest`.

    Calls that are found in the account, or that a person resolves, are known and end the row.
    """

    in_doubt: bool = False
    in_a_row: int = 0
    latest: datetime | None = None

    @classmethod
    def of(cls, entries: Iterable[LedgerEntry]) -> Losses:
        """By the ledger."""
        found = cls()
        sent = [entry for entry in entries if _answered(entry) or entry.status is CallStatus.UNKNOWN]
        for entry in sorted(sent, key=_asked_at):
            found.in_doubt = found.in_doubt or entry.status is CallStatus.UNKNOWN
            found._count(entry)
        return found

    def note(self, entry: LedgerEntry | None) -> None:
        """One more was dealt with; None is one that has to wait."""
        self.in_doubt = entry is not None and entry.status is CallStatus.UNKNOWN
        if entry is not None:
            self._count(entry)

    def pause_until(self, now: datetime) -> datetime | None:
        """Until when nobody else is to be called; None where somebody may be."""
        if self.in_a_row < IN_A_ROW or self.latest is None or abs(now - self.latest) >= TRY_AGAIN:
            return None
        return self.latest + TRY_AGAIN

    def _count(self, entry: LedgerEntry) -> None:
        if entry.status is CallStatus.UNKNOWN:
            self.in_a_row += 1
            self.latest = _asked_at(entry)
        elif _answered(entry):
            self.in_a_row = 0


def tell_of_losses(lost: LostAnswers, ledger: str, entries: Mapping[Key, LedgerEntry]) -> None:
    """Let what a run knows of all schedules have what the ledger of one knows."""
    lost.hear(
        ((ledger, key), _asked_at(entry), entry.status is CallStatus.UNKNOWN)
        for key, entry in entries.items()
        if entry.status is CallStatus.UNKNOWN or _answered(entry)
    )


def _asked_at(entry: LedgerEntry) -> datetime:
    return entry.reserved_at or entry.at


def _answered(entry: LedgerEntry) -> bool:
    """Whether Twilio, or a person, said what became of a request."""
    if entry.sid is not None:
        return True
    return entry.reserved_at is not None and entry.status is CallStatus.FAILED
