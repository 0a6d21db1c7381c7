"""Desired and recorded schedules, and their ledgers -> proposed changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from voiceform.kinds.base import CompareContext, Comparison
from voiceform.kinds.call.details import CallDetails, DueCall, PlacedCall
from voiceform.kinds.call.dialling.donotcall import DoNotCallError
from voiceform.kinds.call.dialling.due import due_keys, new_times
from voiceform.kinds.call.dialling.verdicts import Due, Verdict
from voiceform.kinds.call.impact import schedule_impact
from voiceform.kinds.call.ledger.entries import IN_DOUBT, Key, LedgerEntry
from voiceform.kinds.call.ledger.pauses import Pause
from voiceform.kinds.call.limits.foresight import Foresight
from voiceform.kinds.call.live import LiveCalls, LiveSchedule, as_recorded, ledger_of
from voiceform.kinds.call.prospects import CALLED, Outlook, Prospect, prospects
from voiceform.kinds.call.rules.faults import RuleError
from voiceform.kinds.call.spec import CallSpec, digest_of
from voiceform.kinds.call.throughput import Load, crowded, load_of
from voiceform.kinds.phoning import CALL, SCHEDULED
from voiceform.kinds.records import match_records, previous_address, protected
from voiceform.model.address import Address
from voiceform.model.errors import StateError
from voiceform.model.plan import Action, Caution, Change, Mode
from voiceform.model.resource import Attributes, Desired, Recorded


def compare(context: CompareContext, live: LiveCalls) -> Comparison:
    """Propose changes for every schedule that is declared or recorded.

    StateError where two of them are recorded with one ledger.
    """
    require_own_ledgers(context.recorded.values())
    matches = match_records(context.desired, context.recorded)
    wanted = as_recorded(context.desired, context.recorded, matches.records)
    changes: list[Change] = []
    blocked = list(matches.blocked)
    warnings: list[Caution] = []
    specs = {address: CallSpec.of(address, wanted[address]) for address in context.desired}
    ahead = _prospects(context, specs, matches.records, live, wanted)
    for address, desired in context.desired.items():
        record = matches.records.get(address)
        changes.append(
            _declared(context, desired, record, live, specs[address], wanted[address], ahead[address])
        )
        warnings.extend(_useless_lists(context, specs[address], live))
        warnings.extend(_useless_rules(context, specs[address]))
    warnings.extend(crowded(_loads(specs, ahead, live)))
    for record in matches.left.values():
        if record.protect:
            blocked.append(protected(record))
        changes.append(_removed(record, live))
    return Comparison(changes, blocked=blocked, warnings=warnings)


def require_own_ledgers(records: Iterable[Recorded]) -> None:
    """Raise StateError where two schedules are recorded with one ledger: to remove one would close it, and
    nobody would be called by the other."""
    seen: dict[str, Recorded] = {}
    for record in records:
        name = ledger_of(record.address, record.attributes)
        other = seen.setdefault(name, record)
        if other is not record:
            raise StateError(
                f"{other.address} and {record.address} are both recorded with the ledger {name}",
                hint="after an apply or `state mv` that was cut short run it again; else one is wrong:"
                f" have that forgotten with `voiceform state rm {record.address}`",
            )


def _loads(
    specs: Mapping[Address, CallSpec], ahead: Mapping[Address, Prospect], live: LiveCalls
) -> Iterator[Load]:
    """How many calls are due next, and when."""
    for address, spec in specs.items():
        if _pause(spec, live.of(spec.ledger)) is None:
            moments = Counter(item.key.occurrence for item in ahead[address].next if item.verdict in CALLED)
            yield from (load_of(spec, instant, calls) for instant, calls in moments.items())


def _prospects(
    context: CompareContext,
    specs: Mapping[Address, CallSpec],
    records: Mapping[Address, Recorded],
    live: LiveCalls,
    wanted: Mapping[Address, Attributes],
) -> dict[Address, Prospect]:
    """What is due of every schedule, and whom they call next."""

    def outlook(address: Address, spec: CallSpec) -> Outlook:
        known, lists = live.of(spec.ledger), live.lists_of(spec, context.now)
        record = records.get(address)
        head = known.head
        if new_times(None if record is None else record.attributes, wanted[address], head):
            head = replace(head, since=context.now)

        def due(foresight: Foresight) -> list[Due]:
            if context.mode is Mode.REVIEW:
                return []
            return due_keys(spec, known.entries, head, context.now, lists, foresight, known.halts)

        return Outlook(spec, lists, due, paused=_pause(spec, known) is not None)

    return prospects({item: outlook(item, spec) for item, spec in specs.items()}, live.contacts, context.now)


def _pause(spec: CallSpec, known: LiveSchedule) -> Pause | None:
    return known.pause if spec.enabled else Pause()


def _useless_lists(context: CompareContext, spec: CallSpec, live: LiveCalls) -> Iterator[Caution]:
    """Told whether anything changes or not: a list that is too old or cannot be read keeps everybody from
    being called. A review is made elsewhere and long before, where neither means anything."""
    lists = live.lists_of(spec)
    if lists is None or context.mode is Mode.REVIEW:
        return
    try:
        lists.require(context.now)
    except DoNotCallError as error:
        yield Caution(spec.address, f"nobody is called: {error.what}", error.hint or "")


def _useless_rules(context: CompareContext, spec: CallSpec) -> Iterator[Caution]:
    """As `_useless_lists`, of rules that are too old, or whose holidays nobody knows here."""
    if context.mode is Mode.REVIEW:
        return
    try:
        spec.rules.require(context.now)
    except RuleError as error:
        yield Caution(
            spec.address, f"nobody is called whom the rule is about: {error.what}", error.hint or ""
        )


def redirectable(spec: CallSpec, entries: Mapping[Key, LedgerEntry]) -> list[Key]:
    """Calls in progress that hear another answer than the declared one, where that is to be changed."""
    if not spec.redirect_on_change or "application_sid" in spec.answer:
        return []
    return [
        key
        for key, entry in entries.items()
        if entry.live
        and entry.call == "in-progress"
        and entry.answer != spec.answer_digest(key)
        and spec.hears_declared(key)
    ]


def _declared(
    context: CompareContext,
    desired: Desired,
    record: Recorded | None,
    live: LiveCalls,
    spec: CallSpec,
    after: Attributes,
    ahead: Prospect,
) -> Change:
    before = None if record is None else record.attributes
    protect_before = None if record is None else record.protect
    known = live.of(spec.ledger)
    pause = _pause(spec, known)
    placed = [item for item in ahead.due if item.verdict is Verdict.PLACE and pause is None]
    redirected, unrecorded = redirectable(spec, known.entries), sorted(known.unrecorded)
    previous = previous_address(desired, record)
    same = (before, protect_before) == (after, desired.protect)
    reason = _reason(record, same, previous, known, bool(placed), bool(redirected or unrecorded))
    without_time = desired.beside.get("without_time", 0)
    impact, calls = schedule_impact(spec, known, ahead, context.now, pause, without_time)
    action = Action.CREATE if record is None else Action.NO_OP if reason == "unchanged" else Action.UPDATE
    return Change(
        address=desired.address,
        action=action,
        reason=reason,
        operations=_operations(placed, redirected, unrecorded),
        before=before if action is not Action.NO_OP else after,
        after=after,
        protect_before=protect_before,
        protect_after=desired.protect,
        impact=(*impact, *_live_lines(redirected, unrecorded)),
        previous_address=previous,
        depends_on=desired.depends_on,
        counts=_counts(reason, len(placed), calls),
        details=CallDetails(
            due=tuple(DueCall(item.key, item.since) for item in placed),
            redirect=_placed(redirected, known.entries),
            record=_placed(unrecorded, known.entries),
        ).to_document(),
    )


def _reason(
    record: Recorded | None,
    same: bool,
    previous: Address | None,
    known: LiveSchedule,
    due: bool,
    touched: bool,
) -> str:
    if record is None:
        return "declared"
    if previous is not None:
        return "renamed"
    if not same:
        return "changed"
    if known.head.closed:
        return "reopened"
    if known.head.applied not in (None, digest_of(record.attributes)):
        return "interrupted"
    if due:
        return "due"
    return "live" if touched else "unchanged"


def _counts(reason: str, placed: int, scheduled: int) -> dict[str, int]:
    """The calls that apply places, and, of a schedule that is new or changed, those of its next occurrence:
    dispatch will place them without asking anybody."""
    if reason in ("unchanged", "due", "live"):
        scheduled = 0
    return {scope.name: n for scope, n in ((CALL, placed), (SCHEDULED, scheduled)) if n}


def _operations(
    placed: Sequence[Due], redirected: Sequence[Key], unrecorded: Sequence[Key]
) -> tuple[str, ...]:
    named = (("createCall", placed), ("updateCall", redirected), ("createCallRecording", unrecorded))
    return tuple(operation for operation, items in named if items)


def _placed(keys: Iterable[Key], entries: Mapping[Key, LedgerEntry]) -> tuple[PlacedCall, ...]:
    return tuple(PlacedCall(key, entries[key].sid or "") for key in keys)


def _live_lines(redirected: Sequence[Key], unrecorded: Sequence[Key]) -> list[str]:
    lines = []
    if redirected:
        lines.append(f"calls in progress that are redirected to the new answer: {len(redirected)}")
    if unrecorded:
        lines.append(f"calls in progress that begin to be recorded: {len(unrecorded)}")
    return lines


def _removed(record: Recorded, live: LiveCalls) -> Change:
    spec = CallSpec.ended(record.address, record.attributes)
    known = live.of(spec.ledger)
    going_on = {key: entry for key, entry in known.entries.items() if entry.live}
    ended = spec.cancel_on_remove and bool(going_on)
    fate = "ended" if spec.cancel_on_remove else "left to finish"
    lines = ["nobody is called any more; the ledger of what was placed is kept"]
    if going_on:
        lines.append(f"calls that are queued or going on and are {fate}: {len(going_on)}")
    doubtful = sum(entry.status in IN_DOUBT for entry in known.entries.values())
    if doubtful:
        lines.append(f"calls of which nobody knows whether they go on: {doubtful}")
    return Change(
        address=record.address,
        action=Action.DELETE,
        reason="removed",
        operations=("updateCall",) if ended else (),
        before=record.attributes,
        protect_before=record.protect,
        impact=tuple(lines),
        details=CallDetails(cancel=_placed(going_on, going_on) if ended else ()).to_document(),
    )
