"""Metrics of a dispatcher for Prometheus' textfile collector."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from voiceform.engine.dispatcher import Report
from voiceform.kinds.call.entries import CallStatus
from voiceform.model.errors import MissingExtraError, VoiceformError


def write_metrics(path: Path, report: Report, now: datetime) -> None:
    """Put the metrics into the file at `path`, whole or not at all.

    Counters count since this dispatcher began. Raises MissingExtraError without the extra `metrics`,
    VoiceformError when the file cannot be written.
    """
    try:
        from prometheus_client import CollectorRegistry, Counter, Gauge, write_to_textfile
    except ModuleNotFoundError as error:
        raise MissingExtraError("the metrics file", "metrics") from error
    registry = CollectorRegistry()
    calls = Counter(
        "voiceform_calls", "Keys of the ledger that were dealt with", ["address", "status"], registry=registry
    )
    for address, tally in report.tallies.items():
        for status in CallStatus:
            if tally.statuses[status]:
                calls.labels(str(address), str(status)).inc(tally.statuses[status])
    unknown = Gauge("voiceform_calls_unknown", "Calls whose outcome nobody knows", registry=registry)
    unknown.set(report.unknown)
    looked = Gauge(
        "voiceform_dispatch_last_look_timestamp_seconds",
        "When schedules were last looked at",
        registry=registry,
    )
    looked.set(now.timestamp())
    coming = Gauge(
        "voiceform_dispatch_next_look_timestamp_seconds", "When something is due next", registry=registry
    )
    if report.next_look is not None:
        coming.set(report.next_look.timestamp())
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise VoiceformError(
            f"cannot write the metrics: {error.strerror}",
            where=str(path),
            hint="choose another --metrics-file",
        ) from error
