"""What of declared and recorded objects must not be repeated in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from voiceform.model.resource import Desired, Recorded
from voiceform.model.unshown import Holding, Unshown


def unshown_in(objects: Iterable[Desired | Recorded]) -> Unshown:
    """The values of the environment that these objects have and that are not shown."""
    known = list(objects)
    holdings: list[Holding] = [(item.attributes, item.hidden) for item in known]
    holdings += [(item.notes, item.hidden) for item in known]
    beside: list[Holding] = [
        ({"details": item.beside}, item.hidden) for item in known if isinstance(item, Desired)
    ]
    return Unshown.of(holdings, (str(item.address) for item in known), beside)
