"""What a dispatcher tells to monitoring."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voiceform.kinds.phoning import UNKNOWN_CALLS
from voiceform.model.measurements import Measurements
from voiceform.model.scopes import Metric

if TYPE_CHECKING:
    from voiceform.dispatch.service import DispatchReport

_CALLS = Metric("calls", "Keys of the ledger that were dealt with.")
_ENDED = Metric("calls_ended", "Calls of which was learnt how they ended.")
_STOPPED = Metric("schedules_stopped", "Schedules that stopped because calls went wrong; a person must look.")
_NEXT_LOOK = Metric("dispatch_next_look_timestamp_seconds", "When something is due next, since 1970.")


def measure_dispatch(report: DispatchReport) -> Measurements:
    """Calls that nobody knows of, schedules that stopped, when something is due next, and what was dealt
    with since it began."""
    gauges: dict[Metric, float] = {
        UNKNOWN_CALLS: report.unknown + len(report.reserved),
        _STOPPED: len(report.stopped),
    }
    if report.next_look is not None:
        gauges[_NEXT_LOOK] = report.next_look.timestamp()
    dealt_with = {
        (str(address), str(status)): count
        for address, tally in report.tallies.items()
        for status, count in tally.statuses.items()
        if count
    }
    return Measurements(gauges=gauges, counters={_CALLS: dealt_with, _ENDED: dict(report.ended)})
