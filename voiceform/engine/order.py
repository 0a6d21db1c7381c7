"""In which order changes are shown and done: creations down the dependencies, deletions up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from voiceform.model.address import Address
from voiceform.model.errors import VoiceformError
from voiceform.model.plan import Action, Change


def requirements(
    changes: Sequence[Change], recorded_dependencies: Mapping[Address, Sequence[Address]]
) -> dict[Address, set[Address]]:
    """For each change, the addresses in this plan whose changes must have succeeded before it.

    A change waits for what it depends on; a deletion waits for the deletion of everything that was recorded
    as depending on the object.
    """
    present = {change.address: change for change in changes if change.action is not Action.NO_OP}
    needs: dict[Address, set[Address]] = {address: set() for address in present}
    for address, change in present.items():
        needs[address].update(other for other in change.depends_on if other in present)
        if change.action is not Action.DELETE:
            continue
        for other in recorded_dependencies.get(address, ()):
            if other in present and present[other].action is Action.DELETE:
                needs[other].add(address)
    return needs


def in_order(
    changes: Sequence[Change], needs: Mapping[Address, set[Address]], ranks: Mapping[str, int]
) -> list[Change]:
    """`changes` so that each comes after what it needs; else creations and updates by rank and address, then
    deletions by falling rank. The same input always gives the same order.
    """

    def place(change: Change) -> tuple[int, int, Address]:
        rank = ranks.get(change.kind, 0)
        deletes = change.action is Action.DELETE
        return (int(deletes), -rank if deletes else rank, change.address)

    ordered = sorted(changes, key=place)
    if not any(needs.values()):
        return ordered
    position = {change.address: index for index, change in enumerate(ordered)}
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as error:
        ring = " -> ".join(str(address) for address in error.args[1])
        raise VoiceformError(
            f"these depend on each other in a circle: {ring}", hint="remove one of the references"
        ) from error
    result: list[Change] = [change for change in ordered if change.address not in needs]
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=position.__getitem__)
        result.extend(ordered[position[address]] for address in ready)
        sorter.done(*ready)
    return result
