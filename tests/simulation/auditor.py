"""Counts in the end, at the server: what was done there against what voiceform knows of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.simulation.campaign import busy_checks, campaign_checks, who
from tests.simulation.declared import CALLED, CAMPAIGN, IDA, LEDGER, LISTS, REMINDED, ROUNDS, SURVEYED, TIMES
from tests.simulation.erasing import erasing_checks
from tests.simulation.people import erase
from tests.simulation.rooms import in_doubt, rooms_checks
from tests.simulation.rounds import rounds_checks
from tests.simulation.store import SimPlace
from voiceform.kinds.call.ledger.entries import OF_CALL, CallStatus, LedgerEntry
from voiceform.kinds.call.ledger.store import LedgerReader, ledger_names
from voiceform.kinds.retention.evidence.chain import read_lines
from voiceform.kinds.retention.evidence.places import files_in
from voiceform.kinds.retention.evidence.summary import REMOVED
from voiceform.kinds.retention.evidence.verify import check_place

if TYPE_CHECKING:
    from tests.simulation.actors import Actor
    from tests.simulation.universe import Universe
    from voiceform import Stack

_ALWAYS_DUE = frozenset((*REMINDED, *SURVEYED, *ROUNDS))
_CALLED = frozenset(OF_CALL.values()) | {CallStatus.UNKNOWN}
_LOOKED_BEFORE = 3.0
"""Seconds between a look at the holds and the request that it was for, at most, where nothing was held up."""


def audit(universe: Universe, stack: Stack, actor: Actor) -> None:
    """Run everything once more, as the next morning's jobs would, and count."""
    universe.violations += busy_checks(universe)
    wait = timedelta(minutes=5)
    stack.resume_calls(None)
    stack.apply(confirm=actor.confirm, lock_timeout=wait)
    actor.due = None
    for _ in range(3):
        stack.resume_calls("call.outreach")
        for _ in range(3):
            stack.dispatch_once(lock_timeout=wait)
            universe.scheduler.sleep(45)
        universe.scheduler.sleep(15 * 60)
    # Once more: after lost answers in a row nobody is phoned into a room for a while.
    stack.apply(confirm=actor.confirm, lock_timeout=wait)
    stack.prune(confirm=lambda _: True, lock_timeout=wait)
    for whom in sorted(universe.forgotten):
        erase(stack, whom, wait)
    checks = (_calls, _intents, _campaign, _rounds, _room, _deletions, _evidence, _state, _writes, _plans)
    for check in checks:
        universe.violations += check(universe, stack)


def _entries(universe: Universe) -> list[tuple[str, str, datetime, LedgerEntry]]:
    store = universe.store(universe.actors[-1])
    return [
        (name, key.to, key.occurrence, entry)
        for name in ledger_names(store)
        for key, entry in LedgerReader(store, name).entries().items()
    ]


def _calls(universe: Universe, _stack: Stack) -> Iterator[str]:
    """Nobody is called twice, and what the ledger says of calls is so."""
    sids = {call["sid"]: call["to_number"] for call in universe.server.calls() if call["to_number"] in CALLED}
    for person, count in Counter(sids.values()).items():
        if count > 1 and person not in CAMPAIGN.union(ROUNDS, (IDA,)):
            yield f"{person} was called {count} times"
    entries = _entries(universe)
    known = {entry.sid for _, _, _, entry in entries if entry.sid is not None}
    doubtful = {to for _, to, _, entry in entries if entry.status is CallStatus.UNKNOWN}
    for sid, to in sids.items():
        if sid not in known and to not in doubtful:
            yield f"{to} was called, and the ledger does not know it"
    for _, whom, _, entry in entries:
        if entry.sid is not None and entry.sid not in sids:
            yield f"the ledger has a call to {whom} that there never was"


def _intents(universe: Universe, _: Stack) -> Iterator[str]:
    """Everybody who was due is accounted for, but for those who may have been taken off a list."""
    statuses = {
        (name, to, at): entry.status for name, to, at, entry in _entries(universe) if to in _ALWAYS_DUE
    }
    due = len(REMINDED) + len(SURVEYED) + TIMES * len(ROUNDS)
    if len(statuses) != due:
        yield f"there are {len(statuses)} keys in the ledgers, and {due} were due"
    for (name, to, _at), status in statuses.items():
        if status in (CallStatus.RESERVED, CallStatus.DEFERRED, CallStatus.PLACED):
            yield f"{name} left {to} as {status}"


def _campaign(universe: Universe, stack: Stack) -> Iterator[str]:
    """The rules of waves were kept, and everybody who is still on the list is accounted for."""
    yield from campaign_checks(universe)
    entries = [(to, entry) for name, to, _, entry in _entries(universe) if name == LEDGER]
    known = {who(to) for to, _ in entries}
    called = {who(to) for to, entry in entries if entry.status in _CALLED}
    for to in LISTS["c"]:
        if who(to) not in known:
            yield f"nobody knows anything of the call to {to}"
    for to, entry in entries:
        unfinished = entry.status is CallStatus.RESERVED or entry.live
        left = entry.status is CallStatus.DEFERRED and to in LISTS["c"] and who(to) not in called
        if unfinished or left:
            yield f"the campaign left {to} as {entry.status}"


def _rounds(universe: Universe, _: Stack) -> Iterator[str]:
    """The rules of what repeats were kept."""
    yield from rounds_checks(universe)


def _room(universe: Universe, _: Stack) -> Iterator[str]:
    """Nobody was phoned twice into the room."""
    yield from rooms_checks(universe)


def _deletions(universe: Universe, _: Stack) -> Iterator[str]:
    """Only what was due, or of somebody who was erased, is gone, and nothing that was held when it was asked
    about last."""
    yield from erasing_checks(universe)
    for sent in universe.server.sent:
        if sent.operation != "deleteRecording":
            continue
        if sent.process.paused_for:
            continue
        for hold in universe.holds:
            if hold.sid == sent.sid and sent.at - hold.stands_since > _LOOKED_BEFORE:
                yield f"{sent.sid} was deleted {sent.at - hold.stands_since:.1f} s after it was held"


def _gone(universe: Universe) -> set[str]:
    recordings = {row["sid"] for row in universe.server.rows("recordings") if row["deleted"] is not None}
    return recordings | {row["sid"] for row in universe.server.deleted_calls}


def _evidence(universe: Universe, _: Stack) -> Iterator[str]:
    """What is gone was taken down as gone, and nothing else; the chain is whole."""
    place = SimPlace(universe.vault, universe.actors[-1].runtime)
    for problem in check_place(place).problems:
        yield f"the evidence is broken: {problem}"
    lines: list[dict[str, Any]] = [dict(line) for file in files_in(place) for line in read_lines(place, file)]
    removed = {line["sid"] for line in lines if "sid" in line and line.get("status") in REMOVED}
    gone = _gone(universe)
    for sid in sorted(gone - removed - universe.too_late):
        yield f"{sid} is gone, and no evidence says so"
    for sid in sorted(removed - gone):
        yield f"the evidence says that {sid} is gone, and it is there"


def _state(universe: Universe, stack: Stack) -> Iterator[str]:
    """What is recorded is so, and nothing is left to do."""
    plan = stack.plan()
    differs = [*(change.address for change in plan.pending), *(drift.address for drift in plan.drift)]
    left = [str(address) for address in differs if address.kind != "conference" or not in_doubt(universe)]
    if left or plan.blocked:
        yield f"after everything was applied this is left: {', '.join(left) or plan.blocked}"
    recorded = {item.sid for item in stack.recorded().values() if item.address.kind == "queue"}
    live = {row["sid"] for row in universe.server.rows("queues")}
    if recorded != live:
        yield f"{len(recorded)} queues are recorded, {len(live)} are live"


def _writes(universe: Universe, _: Stack) -> Iterator[str]:
    """Nothing was written under a lock by anybody else than its holder. (Where documents are written one by
    one, the fence is read before each: a process that is paused between the two may write one late.)"""
    if not universe.disk.whole:
        return
    for commit in universe.disk.commits:
        if commit.fenced_by is not None:
            own = universe.disk.tokens.get((commit.process.name, commit.fenced_by), set())
            if commit.token not in own:
                yield f"{commit.process.name} wrote {commit.keys[0]} without the lock"


def _plans(universe: Universe, _: Stack) -> Iterator[str]:
    """A plan is used once."""
    for plan_id, count in Counter(universe.applied_plans).items():
        if count > 1:
            yield f"the plan {plan_id} was applied {count} times"
