"""Which recorded object each declared one is: by its address or, after a renaming, by an earlier one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from voiceform.model.address import Address
from voiceform.model.plan import Blocked
from voiceform.model.resource import Desired, Recorded


@dataclass(frozen=True, slots=True)
class Matches:
    """`records` holds the record of each declared address that has one, `left` in their order those of nobody
    that is declared. `blocked` are the refusals where several are meant; those others are in neither, so that
    nothing is done to them.
    """

    records: Mapping[Address, Recorded]
    left: Mapping[Address, Recorded]
    blocked: tuple[Blocked, ...] = ()


def match_records(desired: Mapping[Address, Desired], recorded: Mapping[Address, Recorded]) -> Matches:
    """Find the record of each declared object.

    What is recorded under an address that is declared is that object's, whoever names it as an alias. Of
    several earlier addresses that are recorded the first counts, and no record is two objects'.
    """
    records: dict[Address, Recorded] = {}
    left = dict(recorded)
    blocked: list[Blocked] = []
    for address, item in desired.items():
        if not item.aliases:
            if address in left:
                records[address] = left.pop(address)
            continue
        names = (address, *(alias for alias in item.aliases if alias not in desired))
        found = [left.pop(name) for name in dict.fromkeys(names) if name in left]
        if found:
            records[address] = found[0]
        if len(found) > 1:
            blocked.append(_several(item, found))
    return Matches(records, left, tuple(blocked))


def previous_address(desired: Desired, record: Recorded | None) -> Address | None:
    """The address under which the object is recorded, where that is an earlier one."""
    return record.address if record is not None and record.address != desired.address else None


def protected(record: Recorded) -> Blocked:
    """The refusal to delete a protected object that is not declared any more."""
    return Blocked(
        rule="protect",
        message=f"{record.address} is protected and may not be deleted",
        hint=f"declare {record.address} again with protect: false, apply, and then remove it",
        addresses=(record.address,),
    )


def _several(desired: Desired, records: Sequence[Recorded]) -> Blocked:
    """The refusal where a key and its earlier names stand for more than one recorded object: one could take
    the key, and the others would be deleted although they are named."""
    names = ", ".join(
        f"{record.address} ({record.sid})" if record.sid else str(record.address) for record in records
    )
    return Blocked(
        rule="several-aliases",
        message=f"{desired.address} stands for several recorded objects: {names}",
        hint="leave one of them in `aliases` and declare the others under keys of their own; what is"
        " neither declared nor an alias is deleted as removed",
        addresses=(
            desired.address,
            *(record.address for record in records if record.address != desired.address),
        ),
    )
