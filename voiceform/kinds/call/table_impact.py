"""What a plan says of schedules whose people stand in a table: never what stands there."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from voiceform.kinds.call.spec import CallSpec
from voiceform.model.wording import are, counted


def table_lines(spec: CallSpec, now: datetime, without_time: int) -> Iterator[str]:
    """Rows that are not called, and what is said to whom."""
    if without_time:
        yield f"{counted(without_time, 'row')} {'has' if without_time == 1 else 'have'} no time: not called"
    over = sum(
        len(spec.called_at(item.instant)) for item in spec.schedule.times if item.instant < now - spec.grace
    )
    if over:
        yield f"{counted(over, 'time')} {are(over)} over: nobody is called any more for what is past"
    if spec.columns:
        yield f"each hears what their row has in the columns: {', '.join(spec.columns)}"
