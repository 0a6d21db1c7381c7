"""What is asked of an erasure: everything of the person is gone, and nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from tests.simulation.declared import DUE, HANS, KEPT_OF_HANS, OF_HANS
from voiceform.kinds.call.ledger.entries import IN_DOUBT, Key
from voiceform.model.numbers import person

if TYPE_CHECKING:
    from tests.simulation.network import Sent
    from tests.simulation.universe import Universe

_ERASERS = ("erase", "audit")


def erasing_checks(universe: Universe) -> Iterator[str]:
    """Counted at the server, and in the state and the evidence as they are stored."""
    calls = universe.server.calls()
    parties = {call["sid"]: (call["from_number"], call["to_number"]) for call in calls}
    for sent in universe.server.sent:
        if sent.operation in ("deleteRecording", "deleteCall"):
            yield from _wrongly_deleted(universe, sent, parties)
    for whom in sorted(universe.forgotten):
        yield from _left_at_the_server(universe, whom)
        yield from _left_in_writing(universe, whom)


def _wrongly_deleted(universe: Universe, sent: Sent, parties: dict[str, tuple[str, str]]) -> Iterator[str]:
    """Recordings that are due may go without an erasure; others, and records of calls, only by one."""
    if sent.sid in DUE:
        return
    recorded = {recording: call for call, recording in OF_HANS.items()}
    sides = parties.get(recorded.get(sent.sid, sent.sid), ())
    erases = universe.actor_of(sent.process).work in _ERASERS
    if not erases or universe.forgotten.isdisjoint(sides) or sent.sid in KEPT_OF_HANS:
        yield f"{sent.process.name} sent {sent.operation} for {sent.sid}, which was to stay"


def _left_at_the_server(universe: Universe, whom: str) -> Iterator[str]:
    doubtful = any(_entries_of(universe, whom, in_doubt=True))
    for call in universe.server.rows("calls"):
        theirs = whom in (call["to_number"], call["from_number"])
        if theirs and call["sid"] not in KEPT_OF_HANS and not doubtful:
            yield f"after {whom} was erased there is still the record {call['sid']}"
    for row in universe.server.rows("recordings"):
        sid = row["sid"]
        if whom == HANS and sid in OF_HANS.values() and sid not in KEPT_OF_HANS and row["deleted"] is None:
            yield f"after {whom} was erased there is still {sid}"


def _left_in_writing(universe: Universe, whom: str) -> Iterator[str]:
    """What nobody knows the end of is left, and nothing else. (A number stands in keys, too.)"""
    if any(_entries_of(universe, whom, in_doubt=False)):
        yield f"after {whom} was erased the ledger names him"
    digits = whom.removeprefix("+")
    for key, (_, text) in universe.disk.documents.items():
        if not key.startswith("ledger/") and digits in text:
            yield f"after {whom} was erased {key} names him"
    for name, lines in universe.vault.synced.items():
        if any(digits.encode() in line for line in lines):
            yield f"the evidence {name} names {whom}, who was erased"


def _entries_of(universe: Universe, whom: str, *, in_doubt: bool) -> Iterator[Any]:
    for document in universe.disk.read("ledger/").values():
        for text, entry in document.get("calls", {}).items():
            if person(Key.parse(text).to) == person(whom) and (entry["status"] in IN_DOUBT) == in_doubt:
                yield entry
