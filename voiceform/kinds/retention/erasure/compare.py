"""What was found of one person -> the changes that destroy it. Pure."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from voiceform.kinds.base import Comparison, unreadable_entries
from voiceform.kinds.forgetting import Keeper
from voiceform.kinds.retention.details import DeletionOrder, RuleDetails
from voiceform.kinds.retention.erasure.details import (
    CALL_RECORDS,
    COPIES,
    PARTS,
    RECORDINGS,
    STATE,
    Erasing,
)
from voiceform.kinds.retention.erasure.survey import Pile, Trace
from voiceform.kinds.retention.erasure.whom import Whom
from voiceform.kinds.retention.evidence.naming import OFF
from voiceform.kinds.retention.policy import ERASURE, HOLDS, KIND, address
from voiceform.kinds.retention.scopes import ERASED, HOLD
from voiceform.model.address import Address
from voiceform.model.plan import Action, Blocked, Caution, Change, Kept
from voiceform.model.resource import Attributes, Desired

OPERATIONS = {RECORDINGS: ("deleteRecording",), CALL_RECORDS: ("deleteCall",)}
_HELD = "kept by the hold "
HOLD_ADDRESSES = f"{KIND}.{HOLDS}."
"""A hold that names a person keeps them, and is no reason to call them."""


def erasure_address(part: str) -> Address:
    """`retention.erasure.recordings`."""
    return address(ERASURE, part)


@dataclass(frozen=True, slots=True)
class Case:
    """One erasure to be planned: who, under which pseudonym, as of when, and where it is taken down."""

    whom: Whom
    digest: str
    now: datetime
    evidence: str
    declared: Sequence[Desired]
    """Whatever is declared and names the person."""


def propose(case: Case, trace: Trace, keepers: Sequence[Keeper]) -> Comparison:
    """A change for each sort of thing that is there to go or has to stay; blocked where the person is
    declared, because they would be called, and recorded, again."""
    return _Proposing(case, trace, keepers).run()


class _Proposing:
    def __init__(self, case: Case, trace: Trace, keepers: Sequence[Keeper]) -> None:
        self.case = case
        self.trace = trace
        self.keepers = {keeper.name: keeper for keeper in keepers}
        self.piles: Mapping[str, Pile] = {
            RECORDINGS: trace.recordings,
            COPIES: trace.archived,
            CALL_RECORDS: trace.calls,
        }

    def run(self) -> Comparison:
        changes: list[Change] = []
        for part in PARTS:
            change = self._state(changes) if part == STATE else self._objects(part, changes)
            if change is not None:
                changes.append(change)
        pairs = ((self.trace.recordings, "recordings"), (self.trace.calls, "call records"))
        return Comparison(
            changes=changes,
            unmanaged=[
                unreadable_entries(KIND, pile.unreadable, thing)
                for pile, thing in pairs
                if pile.unreadable.count
            ],
            blocked=list(self._blocked()),
            warnings=tuple(self._doubts()),
            totals={ERASED[part].objects or part: pile.seen for part, pile in self.piles.items()},
        )

    def _objects(self, part: str, before: Sequence[Change]) -> Change | None:
        """The change that deletes one sort; None where nothing of it is of the person."""
        pile = self.piles[part]
        copies = tuple(self.trace.copies) if part == COPIES else ()
        count = len(copies) if part == COPIES else len(pile.due)
        left = Counter(pile.left)
        if pile.on_hold:
            left[f"{ERASED[part].several} {_HELD}{', '.join(sorted(pile.held))}"] = pile.on_hold
        if not (count or left):
            return None
        order = None
        if part != COPIES:
            everything = array("q", sorted(pile.created))
            order = DeletionOrder(
                pile.tally.total(),
                self.case.now,
                None,
                self.case.evidence,
                tuple(pile.due.chunks(everything)),
            )
        calls = tuple(sorted(self.trace.known_calls)) if part == RECORDINGS else ()
        erasing = self._erasing(left, calls=calls, copies=copies)
        kept = Kept(pile.on_hold, tuple(sorted(pile.held)), HOLD) if pile.on_hold else None
        lines = [f"{ERASED[part].amount(count)} of {pile.seen:,} seen"]
        return self._change(
            part,
            before,
            RuleDetails(order, erasing),
            operations=OPERATIONS.get(part, ()) if count else (),
            counts={ERASED[part].name: count} if count else {},
            impact=(*lines, *_left_lines(left)),
            kept=kept,
        )

    def _state(self, before: Sequence[Change]) -> Change | None:
        trace = self.trace
        left = trace.left | Counter(
            {
                f"the hold {name.removeprefix(HOLD_ADDRESSES)}, which names the person": 1
                for name in trace.recorded
                if name.startswith(HOLD_ADDRESSES)
            }
        )
        if not (trace.documents or left):
            return None
        sums: Counter[str] = Counter()
        for (keeper, _), count in trace.documents.items():
            sums[self.keepers[keeper].thing] += count
        documents = tuple(f"{keeper} {name}" for keeper, name in trace.documents)
        lines = [f"lose the number: {thing}: {count:,}" for thing, count in sums.items()]
        if any(keeper == "journal" for keeper, _ in trace.documents):
            lines.append("of those runs only who, when and how many stays; they cannot be undone any more")
        return self._change(
            STATE,
            before,
            RuleDetails(None, self._erasing(left, documents=documents)),
            impact=(*lines, *_left_lines(left)),
        )

    def _erasing(
        self,
        left: Mapping[str, int],
        calls: tuple[str, ...] = (),
        copies: tuple[str, ...] = (),
        documents: tuple[str, ...] = (),
    ) -> Erasing:
        case = self.case
        return Erasing(case.digest, case.now, case.evidence, dict(left), calls, copies, documents)

    def _change(
        self,
        part: str,
        before: Sequence[Change],
        details: RuleDetails,
        *,
        impact: tuple[str, ...],
        operations: tuple[str, ...] = (),
        counts: Mapping[str, int] | None = None,
        kept: Kept | None = None,
    ) -> Change:
        told = "evidence is off" if self.case.evidence == OFF else f"taken down in {self.case.evidence}"
        what: Attributes = {"person": f"hmac-sha256:{self.case.digest}", "reason": self.case.whom.reason}
        return Change(
            erasure_address(part),
            Action.UPDATE,
            f"erasure: {self.case.whom.reason}",
            operations=operations,
            before=what,
            after=what,
            impact=(*impact, told),
            depends_on=tuple(change.address for change in before),
            counts=counts or {},
            details=details.to_document(),
            kept=kept,
        )

    def _blocked(self) -> Iterator[Blocked]:
        for item in self.case.declared:
            at = f" at {item.position}" if item.position is not None else ""
            yield Blocked(
                rule="person-declared",
                message=f"{item.address} names the person{at}: they would be called, or recorded, again",
                hint="take them out of the configuration and its lists, apply that, and erase again",
                addresses=(item.address,),
            )
        declared = {str(item.address) for item in self.case.declared}
        for name in self.trace.recorded:
            if name in declared or name.startswith(HOLD_ADDRESSES):
                continue
            yield Blocked(
                rule="person-declared",
                message=f"{name} is recorded with the person in it, though it is not declared so any more",
                hint="apply what is declared, and erase again",
                addresses=(Address.parse(name),),
            )

    def _doubts(self) -> Iterator[Caution]:
        """What may or may not be of the person: it is kept, and named."""
        for part, pile in self.piles.items():
            if pile.unsure:
                more = f" and {pile.unsure - len(pile.named):,} more" if pile.unsure > len(pile.named) else ""
                yield Caution(
                    erasure_address(part),
                    f"of {ERASED[part].amount(pile.unsure)} nobody can tell whether they are of this"
                    f" person; kept: {', '.join(pile.named)}{more}",
                    "the number is withheld or written without its country, the call's record is gone, or it"
                    " was a conference; look at them, and delete by hand what is theirs",
                )


def _left_lines(left: Mapping[str, int]) -> Iterator[str]:
    yield from (f"left for now: {words}: {count:,}" for words, count in left.items())
