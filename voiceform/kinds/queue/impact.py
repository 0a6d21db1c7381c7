"""What callers will feel when a queue changes."""

from __future__ import annotations

from voiceform.model.resource import Attributes, Live


def update_impact(found: Live, after: Attributes) -> tuple[str, ...]:
    """Lines for an update of the live queue `found` to `after`; empty when nobody notices."""
    lines = []
    before = found.attributes
    waiting = _waiting(found)
    if before["friendly_name"] != after["friendly_name"]:
        lines.append(
            f"TwiML that still enqueues to {before['friendly_name']!r} will make a new queue of that name"
        )
        if waiting:
            lines.append(f"{_callers(waiting)} waiting; they stay in the queue while it is renamed")
    if after["max_size"] < waiting:
        lines.append(
            f"{_callers(waiting)} waiting, more than the new size of {after['max_size']}:"
            " new callers are refused until the queue has shrunk"
        )
    return tuple(lines)


def deletion_impact(found: Live) -> tuple[str, ...]:
    """Lines for the deletion of the live queue `found`."""
    waiting = _waiting(found)
    if waiting:
        average = found.observations.get("average_wait_time")
        wait = f" (average {average} s)" if average else ""
        return (f"{_callers(waiting)} waiting{wait}; the API refuses to delete a queue that is not empty",)
    return (f"TwiML that still enqueues to {found.name!r} will make a new queue of default size",)


def _waiting(found: Live) -> int:
    return found.observations.get("current_size") or 0


def _callers(count: int) -> str:
    return "1 caller is" if count == 1 else f"{count} callers are"
