"""Desired, recorded and live state -> a plan. Reads everything, writes nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from voiceform.engine.diff import field_changes
from voiceform.engine.freezes import frozen
from voiceform.engine.notes import note_fields, with_notes
from voiceform.engine.order import in_order, requirements
from voiceform.engine.safety import limit_violations
from voiceform.engine.targets import Choice, Selection
from voiceform.kinds.base import CompareContext, Comparison, RefreshContext
from voiceform.kinds.kind import Kind
from voiceform.model.address import Address
from voiceform.model.configuration import Configuration
from voiceform.model.empty import EMPTY
from voiceform.model.names import identity
from voiceform.model.plan import Action, Change, Drift, DriftStatus, Mode, Plan, StateVersion, Summary
from voiceform.model.progress import Progress, Silent
from voiceform.model.resource import Desired, Recorded
from voiceform.model.scopes import Vocabulary
from voiceform.model.store import DocumentReader
from voiceform.model.unshown import Hidden, texts_in
from voiceform.state.home import Home

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

T = TypeVar("T", Desired, Recorded)
Kinds = Sequence[Kind[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanBasis:
    """What a plan is put together from, beside what the kinds propose.

    `created_at` is when it is made, `now` the instant that it is made for (the same but for what-if plans);
    `new_id` makes plan ids. `vocabulary` is that of every kind, also of those that the plan is not about.
    """

    configuration: Configuration
    kinds: Kinds
    recorded: Mapping[Address, Recorded]
    state: StateVersion
    account_sid: str | None
    created_at: datetime
    now: datetime
    new_id: Callable[[], str]
    vocabulary: Vocabulary
    mode: Mode = Mode.NORMAL
    selection: Choice = field(default_factory=Selection)

    def context(self, kind: str, desired: Mapping[Address, Desired]) -> CompareContext:
        """What one kind may know; `desired` is everything that is declared, of all kinds."""
        return CompareContext(
            now=self.now,
            mode=self.mode,
            ownership=self.configuration.ownership,
            desired=of_kind(desired, kind),
            recorded=of_kind(self.recorded, kind),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRequest(PlanBasis):
    """What a plan is to be made of: its basis, and what the kinds read with."""

    client: Client
    store: DocumentReader
    progress: Progress = field(default_factory=Silent)


def make_plan(request: PlanRequest) -> Plan:
    """Refresh every kind, compare, and put the plan together. Raises TwilioError and UsageError."""
    desired = {} if request.mode is Mode.DESTROY else request.configuration.desired
    kinds = {kind.name for kind in request.kinds}
    desired = with_earlier_keys(desired, request.recorded)
    request = replace(request, kinds=_concerned(request))
    compared = _compared(request, desired)
    if not request.selection.everything:
        request.selection.check(addresses_in(request, compared), kinds)
    return replace(assemble(request, compared), place=str(Home.of(request.client.transport.origin)))


def _compared(request: PlanRequest, desired: Mapping[Address, Desired]) -> list[Comparison]:
    """What each kind proposes. What was read for it is let go with this."""
    contexts = [request.context(kind.name, desired) for kind in request.kinds]
    live = _refresh(request, contexts)
    return [
        kind.compare(context, found)
        for kind, context, found in zip(request.kinds, contexts, live, strict=True)
    ]


def with_earlier_keys(
    desired: Mapping[Address, Desired], recorded: Mapping[Address, Recorded]
) -> Mapping[Address, Desired]:
    """`desired` with an alias for each key of which only the case was changed: it is a renaming too."""
    missing: dict[tuple[str, str], list[Address]] = defaultdict(list)
    named = {alias for item in desired.values() for alias in item.aliases}
    for address in recorded.keys() - desired.keys() - named:
        missing[address.kind, identity(address.name)].append(address)
    if not missing:
        return desired
    found = dict(desired)
    for address, item in desired.items():
        earlier = missing.get((address.kind, identity(address.name)), ())
        if address not in recorded and len(earlier) == 1 and recorded.keys().isdisjoint(item.aliases):
            found[address] = replace(item, aliases=(*item.aliases, *earlier))
    return found


def addresses_in(request: PlanBasis, compared: Sequence[Comparison]) -> set[Address]:
    """Every address that somebody may mean: declared, recorded, and of live objects that are neither."""
    known = {*request.configuration.desired, *request.recorded}
    for part in compared:
        known.update(change.address for change in part.changes)
        known.update(Address(item.kind, item.sid) for item in part.unmanaged)
    return known


def _concerned(request: PlanRequest) -> Kinds:
    """The kinds that have to be read: not one that is left out or of which there is nothing, unless something
    depends on it."""
    declared, recorded = request.configuration.desired, request.recorded
    needed: set[str] = set()
    present: set[str] = set()
    for objects in (declared, recorded):
        present.update(address.kind for address in objects)
        for address, item in objects.items():
            if item.depends_on:
                needed.update(other.kind for other in item.depends_on if other.kind != address.kind)
    return [
        kind
        for kind in request.kinds
        if kind.name in needed
        or (
            not request.selection.leaves_out(kind.name)
            and (kind.name in present or kind.strangers(request.store))
        )
    ]


def _refresh(request: PlanRequest, contexts: Sequence[CompareContext]) -> list[Any]:
    """The live state of every kind, read side by side; the transport bounds the requests in flight."""
    with request.client.runtime.pool(max(1, len(contexts)), "voiceform-kinds") as pool:
        futures = [
            pool.submit(
                kind.refresh,
                RefreshContext(
                    client=request.client,
                    store=request.store,
                    now=context.now,
                    mode=context.mode,
                    desired=context.desired,
                    recorded=context.recorded,
                    progress=request.progress,
                ),
            )
            for kind, context in zip(request.kinds, contexts, strict=True)
        ]
        return [future.result() for future in futures]


def assemble(request: PlanBasis, compared: Sequence[Comparison]) -> Plan:
    """Select, order, count and limit what the kinds propose."""
    refresh_only = request.mode is Mode.REFRESH_ONLY
    proposed = [
        with_notes(change, request.configuration.desired, request.recorded)
        for part in compared
        for change in part.changes
    ]
    if refresh_only:  # nothing is done, so nothing needs anything else
        proposed = [replace(change, depends_on=()) for change in proposed]
    chosen = request.selection.choose(proposed)
    keep_all = request.selection.everything
    addresses = set() if keep_all else _addresses(chosen)
    drift = tuple(
        replace(item, fields=_drift_fields(item), hidden=_hidden(request.recorded, item.address))
        for part in compared
        for item in sorted(part.drift, key=lambda item: item.address)
        if keep_all or item.address in addresses
    )
    ranks = {kind.name: kind.rank for kind in request.kinds}
    dependencies = {where: item.depends_on for where, item in request.recorded.items() if item.depends_on}
    changes = [] if refresh_only else in_order(chosen, requirements(chosen, dependencies), ranks)
    by_name = {kind.name: kind for kind in request.kinds}
    changes = [_completed(change, by_name[change.kind], request) for change in changes]
    forgotten = [item for item in drift if refresh_only and item.status is DriftStatus.GONE]
    limits = limit_violations(
        changes,
        request.configuration.safety,
        _totals(request, changes, compared),
        request.vocabulary,
        forgotten,
    )
    freezes = tuple(one for one in request.configuration.safety.freezes if one.end > request.now)
    own = [] if refresh_only else [blocked for part in compared for blocked in part.blocked]
    return Plan(
        plan_id=request.new_id(),
        created_at=request.created_at,
        account_sid=request.account_sid,
        config=request.configuration.source(),
        state=request.state,
        mode=request.mode,
        complete=request.selection.everything or _nothing_left_out(request, proposed, chosen),
        summary=summarise(changes, request.vocabulary),
        changes=tuple(changes),
        drift=drift,
        unmanaged=tuple(
            item for part in compared for item in sorted(part.unmanaged, key=lambda item: item.name)
        ),
        warnings=tuple(
            item for part in compared for item in part.warnings if keep_all or item.address in addresses
        ),
        blocked=(
            *(item for item in own if keep_all or addresses.intersection(item.addresses)),
            *limits,
            *frozen(changes, freezes, request.now),
        ),
        freezes=freezes,
        targets=request.selection.targets,
        excludes=request.selection.excludes,
        vocabulary=request.vocabulary,
    )


def _addresses(changes: Sequence[Change]) -> set[Address]:
    """Those of the changes, and those that their objects had before."""
    before = {change.previous_address for change in changes if change.previous_address is not None}
    return before.union(change.address for change in changes)


def _nothing_left_out(request: PlanBasis, proposed: Sequence[Change], chosen: Sequence[Change]) -> bool:
    """Whether the choice left out nothing that there is, as `--exclude retention.*` without any retention."""
    read = {kind.name for kind in request.kinds}
    known = {*request.configuration.desired, *request.recorded}
    return len(chosen) == len(proposed) and all(address.kind in read for address in known)


def summarise(changes: Sequence[Change], vocabulary: Vocabulary) -> Summary:
    """Count changes by action, and what kinds want to be summed of what is behind them."""
    actions = defaultdict(int, dict.fromkeys(Action, 0))
    for change in changes:
        actions[change.action] += 1
    return Summary(
        create=actions[Action.CREATE],
        update=actions[Action.UPDATE],
        delete=actions[Action.DELETE],
        no_op=actions[Action.NO_OP],
        totals={
            scope.total: sum(change.counts.get(scope.name, 0) for change in changes)
            for scope in vocabulary.scopes.values()
            if scope.total is not None
        },
    )


def of_kind(items: Mapping[Address, T], kind: str) -> Mapping[Address, T]:
    """The part of `items` whose addresses are of `kind`; where that is all, `items` themselves."""
    if all(address.kind == kind for address in items):
        return items
    return {address: item for address, item in items.items() if address.kind == kind}


def _hidden(objects: Mapping[Address, T], address: Address) -> Hidden:
    found = objects.get(address)
    return found.hidden if found is not None else EMPTY


def _completed(change: Change, kind: Kind[Any], request: PlanBasis) -> Change:
    """A proposed change with what the engine and its kind say about it."""
    declared = _hidden(request.configuration.desired, change.address)
    recorded = _hidden(request.recorded, change.previous_address or change.address)
    if change.action is Action.NO_OP and not declared and not recorded:
        return change
    # What is hidden now and stays as it is was no less a secret before.
    before = {**_same(declared, change), **recorded} or EMPTY
    change = replace(change, hidden_before=before, hidden_after=declared)
    if change.action is Action.NO_OP:
        return change
    fields = (*field_changes(change.whole_before, change.whole_after), *note_fields(change))
    return replace(
        change,
        fields=tuple(sorted(fields, key=lambda field: field.path)),
        irreversible=kind.irreversible(change),
    )


def _same(hidden: Hidden, change: Change) -> Hidden:
    """Of what is hidden in the declaration that which is the same in the account."""
    if not hidden or change.before is None or change.after is None:
        return EMPTY
    was, becomes = dict(texts_in(change.before)), dict(texts_in(change.after))
    return {path: text for path, text in hidden.items() if path in was and was[path] == becomes.get(path)}


def _drift_fields(drift: Drift) -> tuple[Any, ...]:
    return field_changes(drift.before, drift.after) if drift.after is not None else ()


def _totals(request: PlanBasis, changes: Sequence[Change], compared: Sequence[Comparison]) -> dict[str, int]:
    """How many objects of each kind are ours now, with those that exclusive ownership is about to claim, and
    how many a kind has seen of what nobody records."""
    counts: dict[str, int] = defaultdict(int)
    for address in request.recorded:
        counts[address.kind] += 1
    for change in changes:
        if change.action is Action.DELETE and change.address not in request.recorded:
            counts[change.kind] += 1
    for part in compared:
        counts.update(part.totals)
    return counts
