"""What is asked of somebody who takes a run back: only what the run did, and only where it still is so.

Counted at the server: each request about a queue as it leaves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voiceform.model.resource import Attributes
from voiceform.state.journal import RunDetail

if TYPE_CHECKING:
    from tests.simulation.network import Sent, Server

_LOOKED_BEFORE = 5.0
"""Seconds between a look at a queue and the request that it was for, at most, where nothing was held up."""


@dataclass(frozen=True, slots=True)
class Step:
    """One queue that a run changed: what it was before, and as what the run left it; None is no queue."""

    name: str
    sid: str | None
    before: Attributes | None
    after: Attributes | None


@dataclass(frozen=True, slots=True)
class Undone:
    """A run that somebody takes back, and what it did to queues."""

    run_id: str
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, run: RunDetail) -> Undone | None:
        """None for the first one, which made everything, for one that goes on, and where no queue was
        changed."""
        if run.record.who.startswith("first") or run.record.finished_at is None:
            return None
        sids = {outcome.address: outcome.sid for outcome in run.outcomes}
        steps = tuple(
            Step(change.address.name, sids.get(change.address), change.before, change.after)
            for change in run.intents
            if change.address.kind == "queue"
        )
        return cls(run.record.run_id, steps) if steps else None

    def look(self, sent: Sent, server: Server) -> Iterator[str]:
        """A request leaves that is to take something back."""
        if sent.operation == "createQueue":
            yield from self._made_again(sent.form)
        elif sent.operation in ("updateQueue", "deleteQueue"):
            yield from self._changed_back(sent, server)

    def _made_again(self, form: Mapping[str, str]) -> Iterator[str]:
        step = next((step for step in self.steps if step.name == form["FriendlyName"]), None)
        if step is None or step.before is None or step.after is not None:
            yield f"undo makes the queue {form['FriendlyName']}, which the run did not delete"
        elif int(form["MaxSize"]) != step.before["max_size"]:
            yield f"undo makes the queue {step.name} otherwise than it was"

    def _changed_back(self, sent: Sent, server: Server) -> Iterator[str]:
        step = next((step for step in self.steps if step.sid == sent.sid), None)
        row = next((row for row in server.rows("queues") if row["sid"] == sent.sid), None)
        if step is None or step.after is None or (step.before is None) != (sent.operation == "deleteQueue"):
            yield f"undo sent {sent.operation} for {sent.sid}, which the run did not change so"
            return
        if step.before is not None and int(sent.form["MaxSize"]) != step.before["max_size"]:
            yield f"undo sets {step.name} to {sent.form['MaxSize']}, which it was not"
        known = [side["max_size"] for side in (step.before, step.after) if side is not None]
        changed = max(
            (
                other.done
                for other in server.sent
                if other.operation == "updateQueue" and other.sid == sent.sid and other.done is not None
            ),
            default=0.0,
        )
        if row is not None and row["max_size"] not in known and sent.at - changed > _LOOKED_BEFORE:
            yield f"undo sent {sent.operation} for {step.name}, which was changed since the run"
