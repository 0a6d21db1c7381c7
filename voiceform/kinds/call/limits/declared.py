"""`contact_limits:` in the configuration -> limits, and what a schedule records of them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from difflib import get_close_matches
from typing import Any

from voiceform.kinds.call.limits.spec import LimitSpec
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position, Report, Severity
from voiceform.model.document import Block, Series

SECTION = "contact_limits"


def address_of(name: str) -> Address:
    """How a limit is told from everything else that has a name."""
    return Address("limit", name)


def declared_limits(document: Block, report: Report) -> list[LimitSpec]:
    """Every limit of a configuration that can be understood; what is wrong with others is reported, and
    which bind no schedule."""
    purposes = {block.get("purpose") for block in (document.get("calls") or {}).values()}
    section = document.get(SECTION) or Series()
    found: dict[str, LimitSpec] = {}
    places: dict[str, Position] = {}
    for index, block in enumerate(section):
        place = section.item_position(index) if isinstance(section, Series) else document.position
        name = block["name"]
        if name in places:
            report(
                Diagnostic(
                    "duplicate-limit",
                    f"another limit at {places[name]} has the name {name}",
                    place,
                    hint="give one of them another name",
                )
            )
            continue
        places[name] = place
        try:
            found[name] = LimitSpec.parse(block)
        except ValueError as error:
            report(Diagnostic("invalid-limit", f"the limit {name}: {error}", place))
            continue
        purpose = found[name].purpose
        if purpose is not None and purpose not in purposes:
            report(_unused(name, purpose, block.value_position("purpose"), purposes))
    return list(found.values())


def _unused(name: str, purpose: str, place: Position, purposes: Collection[str | None]) -> Diagnostic:
    near = get_close_matches(purpose, [known for known in purposes if known is not None], 1)
    return Diagnostic(
        "unused-limit",
        f"the limit {name} is for the purpose {purpose}, which no schedule has: it limits nobody",
        place,
        Severity.WARNING,
        f"did you mean {near[0]}?" if near else "schedules name theirs with `purpose:`",
    )


def limited_by(purpose: str | None, limits: Sequence[LimitSpec]) -> dict[str, Any]:
    """What a schedule of that purpose records: the purpose, and the limits that bind it, by name. Nothing
    where there is none."""
    binding = sorted((limit for limit in limits if limit.binds(purpose)), key=lambda limit: limit.name)
    recorded: dict[str, Any] = {} if purpose is None else {"purpose": purpose}
    if binding:
        recorded[SECTION] = [limit.document() for limit in binding]
    return recorded
