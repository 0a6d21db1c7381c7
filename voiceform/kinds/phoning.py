"""What phones people is counted in one scope, whichever kind does it."""

from __future__ import annotations

from dataclasses import replace

from voiceform.model.scopes import Effect, Limit, Metric, Scope

MAX_CALLS = Limit("max_calls", 25)

UNKNOWN_CALLS = Metric("calls_unknown", "Calls that may have been placed; a person must look.")
"""How many people there are of whom nobody knows whether they were phoned."""

CALL = Scope(
    name="call",
    noun="call",
    verb="place",
    would="would be placed",
    effect=Effect.PHONE,
    limit=MAX_CALLS,
    operations=frozenset({"createCall", "createParticipant"}),
    total="calls",
    unknown=UNKNOWN_CALLS,
)
"""People whom the run itself phones."""

SCHEDULED = replace(
    CALL,
    name="scheduled:call",
    would="would be placed at the next occurrence",
    effect=None,
    approve_as=CALL.name,
    operations=frozenset(),
    total=None,
    unknown=None,
)
"""Calls that dispatch will place at a next occurrence; approved as calls, since dispatch asks nobody."""
