"""What rules delete, as plans count it."""

from __future__ import annotations

from dataclasses import replace

from voiceform.kinds.retention.parts import CALL_RECORDS, COPIES, RECORDINGS
from voiceform.model.scopes import Effect, Limit, Metric, Scope, deletion

_LIMIT = Limit("max_recording_deletes", 1000)

HOLD = "hold"
"""What keeps that which rules would delete."""

SCOPES = {
    RECORDINGS: deletion(
        "recording",
        limit=_LIMIT,
        bulk=True,
        agent="rule",
        total="recordings",
        due=Metric("recordings_due", "Recordings that retention would delete now."),
    ),
    CALL_RECORDS: deletion("call-record", limit=_LIMIT, bulk=True, agent="rule"),
}
"""By the part of the section that the rule stands in."""

ERASED = {
    part: replace(
        scope, name=f"erase:{scope.objects}", approve_as=scope.name, agent="step", total=None, due=None
    )
    for part, scope in SCOPES.items()
} | {
    COPIES: Scope(
        name="erase:archived-recording",
        noun="archived recording",
        verb="delete",
        would="would be deleted",
        effect=Effect.DESTROY,
        limit=_LIMIT,
        agent="step",
        bulk=True,
        share=False,
    )
}
"""What of one person goes, by its part of an erasure. It is limited and approved as what rules delete; copies
have no share of anything, because nobody counts an archive."""
