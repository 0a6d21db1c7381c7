"""Names are unique in an account, so a name must be free before somebody takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from voiceform.kinds.queue.live import LiveQueues
from voiceform.model.address import Address
from voiceform.model.names import difference, identity, looks, spelled_out
from voiceform.model.plan import Action, Blocked, Change
from voiceform.model.resource import Live

_MOST_NEAR = 3


def order_name_changes(changes: Sequence[Change], live: LiveQueues) -> tuple[list[Change], list[Blocked]]:
    """Make each change that takes a name depend on the one that gives it up.

    Blocks what cannot be ordered: names that are swapped in a ring, and a name that a queue holds which
    this plan does not touch (the API would answer 22003). Names that differ only in case or Unicode form are
    ordered like equal ones, since the service may take them for equal.
    """
    by_sid = {change.sid: change for change in changes if change.sid is not None and change.operations}
    blocked: list[Blocked] = []
    waits: dict[Address, Address] = {}
    for change in changes:
        name = _taken_name(change)
        holder = _holder(change, name, live) if name is not None else None
        if name is None or holder is None:
            continue
        giver = by_sid.get(holder.sid)
        kept = _kept_name(giver) if giver is not None else holder.name
        if kept is None or identity(kept) != identity(name):
            assert giver is not None  # noqa: S101 - only a change gives a name up
            waits[change.address] = giver.address
        elif kept == name:
            blocked.append(_taken(change, holder.sid, name))
    for ring in _rings(waits):
        blocked.append(_swapped(ring))
        for address in ring:
            del waits[address]
    return [_waiting_for(waits.get(change.address), change) for change in changes], blocked


def _holder(change: Change, name: str, live: LiveQueues) -> Live | None:
    """Another live queue that has the name, or else one that may count as having it."""
    exact = live.by_name.get(name)
    near = live.by_identity.get(identity(name), ()) if exact is None else (exact,)
    return next((queue for queue in near if queue.sid != change.sid), None)


def tell_near_names(changes: Sequence[Change], live: LiveQueues) -> list[Change]:
    """Say of each change that takes a name which live queues keep a name that looks like it."""
    kept = {
        change.sid: _kept_name(change) for change in changes if change.sid is not None and change.operations
    }
    return [_told(change, kept, live) for change in changes]


def _told(change: Change, kept: Mapping[str, str | None], live: LiveQueues) -> Change:
    name = _taken_name(change)
    if name is None:
        return change
    near = {queue.sid: queue for look in looks(name) for queue in live.by_looks.get(look, ())}
    stays = [
        queue
        for queue in near.values()
        if queue.sid != change.sid and queue.name != name and kept.get(queue.sid, queue.name) == queue.name
    ]
    lines = [
        _near_line(change, name, queue) for queue in sorted(stays, key=lambda item: item.sid)[:_MOST_NEAR]
    ]
    if len(stays) > _MOST_NEAR:
        lines.append(f"and {len(stays) - _MOST_NEAR} more live queues have nearly this name")
    return replace(change, impact=(*change.impact, *lines)) if lines else change


def _near_line(change: Change, name: str, queue: Live) -> str:
    line = (
        f"the live queue {queue.sid} has nearly the name {spelled_out(name)}: {spelled_out(queue.name)}"
        f" differs only in {difference(name, queue.name)}"
    )
    if change.action is not Action.CREATE:
        return line
    return f"{line}; this makes a second one (to take it over: voiceform import {change.address} {queue.sid})"


def _waiting_for(giver: Address | None, change: Change) -> Change:
    return change if giver is None else replace(change, depends_on=(*change.depends_on, giver))


def _taken_name(change: Change) -> str | None:
    """The name that a change gives to its queue and that it does not have yet."""
    if change.after is None or change.action is Action.NO_OP:
        return None
    name: str = change.after["friendly_name"]
    return None if change.before is not None and change.before["friendly_name"] == name else name


def _kept_name(change: Change) -> str | None:
    return change.after["friendly_name"] if change.after is not None else None


def _rings(waits: Mapping[Address, Address]) -> list[tuple[Address, ...]]:
    """The cycles in `waits`, in which each address waits for one other. Each is looked at once."""
    rings: list[tuple[Address, ...]] = []
    known: set[Address] = set()
    for start in sorted(waits):
        path: dict[Address, None] = {}
        at: Address | None = start
        while at is not None and at not in path and at not in known:
            path[at] = None
            at = waits.get(at)
        if at is not None and at in path:
            steps = list(path)
            rings.append(tuple(steps[steps.index(at) :]))
        known.update(path)
    return rings


def _taken(change: Change, sid: str, name: str | None) -> Blocked:
    return Blocked(
        rule="name-taken",
        message=f"{change.address} cannot be named {name!r}: the queue {sid} has that name",
        hint=f"rename or delete {sid}, or declare it in the configuration and import it"
        + (
            f"; if {change.address} is to stand for it: voiceform state rm {change.address}"
            if change.sid
            else ""
        ),
        addresses=(change.address,),
    )


def _swapped(ring: tuple[Address, ...]) -> Blocked:
    return Blocked(
        rule="name-cycle",
        message=f"{', '.join(map(str, ring))} exchange their names, which cannot be done in one step",
        hint="give one of them a third name, apply, and then set the final names",
        addresses=ring,
    )
