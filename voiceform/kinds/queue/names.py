"""Names are unique in an account, so a name must be free before somebody takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from voiceform.kinds.queue.live import LiveQueues
from voiceform.model.address import Address
from voiceform.model.plan import Action, Blocked, Change


def order_name_changes(changes: Sequence[Change], live: LiveQueues) -> tuple[list[Change], list[Blocked]]:
    """Make each change that takes a name depend on the one that gives it up.

    Blocks what cannot be ordered: names that are swapped in a ring, and a name that a queue holds which
    this plan does not touch (the API would answer 22003).
    """
    by_sid = {change.sid: change for change in changes if change.sid is not None and change.operations}
    blocked: list[Blocked] = []
    waits: dict[Address, Address] = {}
    for change in changes:
        name = _taken_name(change)
        holder = live.by_name.get(name) if name is not None else None
        if holder is None or holder.sid == change.sid:
            continue
        giver = by_sid.get(holder.sid)
        if giver is None or _kept_name(giver) == name:
            blocked.append(_taken(change, holder.sid, name))
        else:
            waits[change.address] = giver.address
    while ring := _ring(waits):
        blocked.append(_swapped(ring))
        for address in ring:
            del waits[address]
    return [_waiting_for(waits.get(change.address), change) for change in changes], blocked


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


def _ring(waits: dict[Address, Address]) -> tuple[Address, ...]:
    """The first cycle in `waits` (each address waits for one other), or nothing."""
    for start in sorted(waits):
        path: list[Address] = []
        at: Address | None = start
        while at is not None and at not in path:
            path.append(at)
            at = waits.get(at)
        if at is not None:
            return tuple(path[path.index(at) :])
    return ()


def _taken(change: Change, sid: str, name: str | None) -> Blocked:
    return Blocked(
        rule="name-taken",
        message=f"{change.address} cannot be named {name!r}: the queue {sid} has that name",
        hint=f"rename or delete {sid}, or declare it in the configuration and import it",
        addresses=(change.address,),
    )


def _swapped(ring: tuple[Address, ...]) -> Blocked:
    return Blocked(
        rule="name-cycle",
        message=f"{', '.join(map(str, ring))} exchange their names, which cannot be done in one step",
        hint="give one of them a third name, apply, and then set the final names",
        addresses=ring,
    )
