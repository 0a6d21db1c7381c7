"""Declared and recorded rules and holds, and what the survey found -> proposed changes. Pure."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import replace

from voiceform.kinds.base import CompareContext, Comparison, unreadable_entries
from voiceform.kinds.retention.added import same_name
from voiceform.kinds.retention.details import DeletionOrder, NamedRule, RuleDetails
from voiceform.kinds.retention.figures import Figures
from voiceform.kinds.retention.impact import (
    hold_lines,
    hold_warning,
    kept_lines,
    nothing_due_lines,
    removal_lines,
    rule_lines,
)
from voiceform.kinds.retention.matching.match import Match
from voiceform.kinds.retention.pacing.pace import pacing_of
from voiceform.kinds.retention.policy import (
    CALL_RECORDS,
    HOLDS,
    RECORDINGS,
    Rule,
    Ruling,
    hold_identity,
    split,
)
from voiceform.kinds.retention.reach import BEYOND_REACH, BEYOND_REACH_HINT, waits_beyond_reach
from voiceform.kinds.retention.scopes import HOLD, SCOPES
from voiceform.kinds.retention.sid_chunks import Column
from voiceform.kinds.retention.survey import Survey
from voiceform.kinds.retention.tally import Group, Part
from voiceform.model.address import Address
from voiceform.model.plan import Action, Blocked, Caution, Change, Kept
from voiceform.model.resource import Attributes, Desired, Recorded
from voiceform.model.wording import counted

OPERATIONS = {RECORDINGS: "deleteRecording", CALL_RECORDS: "deleteCall"}


def compare(context: CompareContext, found: Survey) -> Comparison:
    """Propose changes of rules and holds, with what each rule deletes; releasing a hold is blocked."""
    return _Comparing(context, found).run()


class _Comparing:
    def __init__(self, context: CompareContext, found: Survey) -> None:
        self.context = context
        self.found = found
        self.parts: Mapping[str, Part] = {RECORDINGS: found.recordings, CALL_RECORDS: found.calls}
        self.blocked: list[Blocked] = []
        self.pacing = pacing_of(context.desired)
        self.closed = None if self.pacing is None else self.pacing.closed(context.now)
        self.most = None if self.pacing is None else self.pacing.most(context.now, found.spent)

    def run(self) -> Comparison:
        context = self.context
        declared = list(self._declared_holds())
        added = list(self._added_holds())
        first = tuple(change.address for change in declared if change.action is not Action.NO_OP)
        recordings = list(self._rules(RECORDINGS, first))
        due = tuple(change.address for change in recordings if change.counts)
        calls = list(self._rules(CALL_RECORDS, (*first, *due)))
        removed = [
            Change(where, Action.DELETE, "removed", before=record.attributes, impact=removal_lines(where))
            for where, record in context.recorded.items()
            if where not in context.desired and split(where)[0] != HOLDS
        ]
        return Comparison(
            changes=[*declared, *added, *self._removed_holds(), *recordings, *calls, *removed],
            unmanaged=[
                unreadable_entries("retention", seen.unreadable, thing)
                for seen, thing in ((self.found.recordings, "recordings"), (self.found.calls, "call records"))
                if seen.unreadable.count
            ],
            blocked=self.blocked,
            warnings=tuple(self._warnings()),
            totals={SCOPES[part].objects or part: seen.seen for part, seen in self.parts.items()},
        )

    def _warnings(self) -> Iterator[Caution]:
        for hold in self.found.added:
            warning = hold_warning(self.found, hold.address)
            if warning is not None:
                yield warning
        for where, desired in self.context.desired.items():
            part = split(where)[0]
            warning = hold_warning(self.found, where) if part == HOLDS else None
            if warning is not None:
                yield warning
            if part == CALL_RECORDS and waits_beyond_reach(desired.attributes, self.context.now):
                yield Caution(where, BEYOND_REACH, BEYOND_REACH_HINT)

    def _declared_holds(self) -> Iterator[Change]:
        for where, desired in self.context.desired.items():
            if split(where)[0] != HOLDS:
                continue
            record = self.context.recorded.get(where)
            change = _state_change(desired, record)
            if record is not None and not _still_covered(record.attributes, desired.attributes):
                change = replace(change, impact=self._release(where, "narrowed"))
            else:
                change = replace(change, impact=hold_lines(self.found, split(where)[1]))
            yield change

    def _added_holds(self) -> Iterator[Change]:
        """Those of commands: they are told, and stay as they are whatever is declared."""
        names = {split(where)[1]: where for where in self.context.desired if split(where)[0] == HOLDS}
        for hold in self.found.added:
            taken = same_name(hold.name, names)
            if taken is None:
                lines = hold_lines(self.found, hold.name)
                seen = hold.attributes()
                yield Change(
                    hold.address, Action.NO_OP, "added-by-command", before=seen, after=seen, impact=lines
                )
                continue
            self.blocked.append(
                Blocked(
                    rule="hold",
                    message=f"the hold {taken} is declared, and {hold.name} was added by command",
                    hint="declare it under another name and apply; then the other can go without a gap:"
                    f" voiceform hold release {hold.name} --approve release-hold={hold.name}",
                    addresses=(names[taken],),
                )
            )

    def _removed_holds(self) -> Iterator[Change]:
        for where, record in self.context.recorded.items():
            if where in self.context.desired or split(where)[0] != HOLDS:
                continue
            lines = self._release(where, "released")
            yield Change(where, Action.DELETE, "hold-released", before=record.attributes, impact=lines)

    def _release(self, where: Address, how: str) -> tuple[str, ...]:
        """Block the end of a hold until a person says so, and tell what it sets free."""
        name = split(where)[1]
        lines = tuple(
            line
            for part, thing in ((self.found.recordings, "recording"), (self.found.calls, "call record"))
            for line in _released(part, name, thing)
        )
        scope = f"release-hold={name}"
        self.blocked.append(
            Blocked(
                rule="hold",
                message=f"the hold {name} would be {how}: {lines[0] if lines else 'it frees nothing now'}",
                hint=f"if the hold may end, approve it: --approve {scope}; nothing it freed is deleted before"
                " the next plan",
                addresses=(where,),
                scope=scope,
            )
        )
        return lines

    def _rules(self, part: str, first: tuple[Address, ...]) -> Iterator[Change]:
        """The rules of one part; those that delete wait for every change of a hold."""
        seen = self.parts[part]
        everything: array[int] | None = None
        for where, desired in self.context.desired.items():
            if split(where)[0] != part:
                continue
            change = _state_change(desired, self.context.recorded.get(where))
            group = seen.groups.get(split(where)[1])
            order, impact = None, nothing_due_lines(seen, part) if self.found.looked else ()
            count = self._allowed(group)
            if group is not None and count:
                if everything is None:
                    everything = array("q", sorted(seen.created))
                order = self._order(part, desired, group.oldest(count), everything)
                change = _deleting(change, part, order, first)
                impact = rule_lines(order, seen, desired, part)
            if group is not None and count < len(group.due):
                impact = (*impact, self._waiting(len(group.due) - count, part))
            lines = kept_lines(seen, split(where)[1], part, first=desired.attributes["order"] == 1)
            details, kept = RuleDetails(order).to_document(), self._kept(part, where)
            yield replace(change, details=details, kept=kept, impact=(*impact, *lines))

    def _allowed(self, group: Group | None) -> int:
        """How many of what is due this plan deletes; the rest waits."""
        due = 0 if group is None or self.closed is not None else len(group.due)
        if self.most is not None:
            due = min(due, self.most)
            self.most -= due
        return due

    def _waiting(self, count: int, part: str) -> str:
        """Why some of what is due is not in the plan."""
        waits = self.closed
        if waits is None:
            waits = "no more fit into what is left of the day's share and of the window"
        return f"due and waiting: {SCOPES[part].amount(count)}: {waits}"

    def _kept(self, part: str, where: Address) -> Kept | None:
        """How many a rule would delete but for which holds."""
        seen = self.parts[part]
        count = seen.kept[split(where)[1], Ruling.HELD]
        return Kept(count, tuple(sorted(seen.held)), HOLD) if count else None

    def _order(
        self, part: str, desired: Desired, due: tuple[Column, Figures], everything: array[int]
    ) -> DeletionOrder:
        now = self.context.now
        column, tally = due
        rule = Rule.read(split(desired.address)[1], desired.attributes, now)
        return DeletionOrder(
            total=tally.total(),
            planned_at=now,
            created_until=None if "until" in desired.attributes else rule.cutoff,
            evidence=desired.beside["evidence"],
            chunks=tuple(column.chunks(everything)),
            recording_rules=self._recording_rules() if part == CALL_RECORDS else None,
            pacing=self.pacing,
        )

    def _recording_rules(self) -> tuple[NamedRule, ...]:
        """The rules that say which recordings keep their calls' records, in their order."""
        rules = [
            (where, item) for where, item in self.context.desired.items() if split(where)[0] == RECORDINGS
        ]
        rules.sort(key=lambda pair: pair[1].attributes["order"])
        return tuple(NamedRule(split(where)[1], item.attributes) for where, item in rules)


def _deleting(change: Change, part: str, order: DeletionOrder, first: tuple[Address, ...]) -> Change:
    """The change of a rule that also deletes."""
    again = change.action is Action.NO_OP
    return replace(
        change,
        action=Action.UPDATE if again else change.action,
        reason="due" if again else change.reason,
        operations=(OPERATIONS[part],),
        counts={SCOPES[part].name: order.total.count},
        depends_on=first,
    )


def _state_change(desired: Desired, record: Recorded | None) -> Change:
    """What becomes of the record of one rule or hold; nothing of this reaches the account."""
    if record is None:
        return Change(desired.address, Action.CREATE, "declared", after=desired.attributes)
    same = record.attributes == desired.attributes
    return Change(
        desired.address,
        Action.NO_OP if same else Action.UPDATE,
        "unchanged" if same else "changed",
        before=record.attributes,
        after=desired.attributes,
    )


def _still_covered(before: Attributes, after: Attributes) -> bool:
    """Whether everything that the hold covered is covered still."""
    if hold_identity(before) == hold_identity(after):
        return True
    return Match.read(after["match"]).covers(Match.read(before["match"]))


def _released(part: Part, name: str, thing: str) -> Iterator[str]:
    count = part.released[name]
    if count:
        verb = "becomes" if count == 1 else "become"
        yield f"{counted(count, thing)} that only it keeps {verb} eligible for deletion"
