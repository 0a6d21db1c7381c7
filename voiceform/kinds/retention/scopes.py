"""What rules delete, as plans count it."""

from __future__ import annotations

from voiceform.kinds.retention.policy import CALL_RECORDS, RECORDINGS
from voiceform.model.scopes import Limit, Metric, deletion

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
