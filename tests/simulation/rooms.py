"""What is asked of a room that is live: nobody is phoned into it twice, and nothing is announced twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulation.declared import ROOM

if TYPE_CHECKING:
    from tests.simulation.universe import Universe

_MEMORIES = "conferences/"


def long_talks() -> list[dict[str, Any]]:
    """For a seed of the account: whoever is phoned into the room stays there."""
    return [{"phone_number": to, "outcomes": ["human"], "talk_seconds": 10_000} for to in ROOM]


def rooms_checks(universe: Universe) -> Iterator[str]:
    """Counted at the server: what it carried out, whether the answer came back or not."""
    calls = {call["sid"]: call["to_number"] for call in universe.server.calls() if call["to_number"] in ROOM}
    phoned = Counter(calls.values())
    for to, count in phoned.items():
        if count > 1:
            yield f"{to} was phoned {count} times into the room"
    known = {attempt["call_sid"] for attempt in _attempts(universe)}
    for sid, to in calls.items():
        if sid not in known and not in_doubt(universe):
            yield f"{to} was phoned into the room, and nobody remembers it"
    if not in_doubt(universe) and set(phoned) != set(ROOM):
        yield f"of {len(ROOM)} people who are to be in the room {len(phoned)} were phoned"
    announced = sum(
        sent.operation == "updateConference" and sent.done is not None for sent in universe.server.sent
    )
    if announced > 1:
        yield f"the announcement was played {announced} times"


def in_doubt(universe: Universe) -> bool:
    """Whether nobody knows of somebody whether he was phoned."""
    return any(attempt["call_sid"] is None for attempt in _attempts(universe))


def _attempts(universe: Universe) -> Iterator[dict[str, Any]]:
    for document in universe.disk.read(_MEMORIES).values():
        yield from document["attempts"].values()
