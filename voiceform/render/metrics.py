"""A metrics file for Prometheus' node exporter (its textfile collector)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from voiceform.model.errors import MissingExtraError, VoiceformError
from voiceform.model.plan import Action, Plan
from voiceform.model.run import RunReport, Status
from voiceform.render.escape import visible


@dataclass(frozen=True, slots=True)
class Measurements:
    """What one command knows; None is not written, so that no gauge tells what nobody measured."""

    changes_pending: Mapping[Action, int] | None = None
    drifted_objects: int | None = None
    failed_operations: int | None = None
    unknown_calls: int | None = None
    recordings_due: int | None = None


def measure_plan(plan: Plan) -> Measurements:
    """What a plan tells: changes by action (zeros included), drift, recordings that are to be destroyed."""
    actions = [change.action for change in plan.pending]
    return Measurements(
        changes_pending={action: actions.count(action) for action in Action if action is not Action.NO_OP},
        drifted_objects=len(plan.drift),
        recordings_due=plan.summary.recordings,
    )


def measure_run(report: RunReport) -> Measurements:
    """What a run tells: changes that failed or were refused, and calls whose outcome is unknown."""
    unknown = [item for item in report.outcomes if item.status is Status.UNKNOWN]
    return Measurements(
        failed_operations=report.count(Status.FAILED) + report.count(Status.REFUSED),
        unknown_calls=sum(item.address.kind == "call" for item in unknown),
    )


def write_metrics(
    path: Path,
    measured: Measurements,
    *,
    command: str,
    at: datetime,
    exit_code: int | None = None,
    stack: str = "default",
) -> None:
    """Replace the file at `path` in one step, so that no scrape sees half of it.

    `command`, `at` and `exit_code` are what ran, when, and how it ended. Give each command a file of its own.
    MissingExtraError without prometheus_client; VoiceformError when the file cannot be written.
    """
    try:
        from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
    except ImportError as error:
        raise MissingExtraError("the metrics file", "metrics") from error
    registry = CollectorRegistry()
    label = visible(stack)

    def gauge(name: str, text: str, value: float | None) -> None:
        if value is not None:
            Gauge(f"voiceform_{name}", text, ["stack"], registry=registry).labels(label).set(value)

    if measured.changes_pending is not None:
        pending = Gauge(
            "voiceform_changes_pending",
            "Changes that the last plan would make.",
            ["stack", "action"],
            registry=registry,
        )
        for action, count in measured.changes_pending.items():
            pending.labels(label, str(action)).set(count)
    gauge("drifted_objects", "Objects changed outside of voiceform.", measured.drifted_objects)
    gauge("failed_operations", "Changes of the last run that failed.", measured.failed_operations)
    gauge("calls_unknown", "Calls that may have been placed; a person must look.", measured.unknown_calls)
    gauge("recordings_due", "Recordings that retention would delete now.", measured.recordings_due)
    last = Gauge(
        "voiceform_last_run_timestamp_seconds",
        "When voiceform last finished, in seconds since 1970.",
        ["stack", "command"],
        registry=registry,
    )
    last.labels(label, command).set(at.timestamp())
    if exit_code is not None:
        ended = Gauge(
            "voiceform_last_run_exit_code",
            "How voiceform last ended; 0 is well.",
            ["stack", "command"],
            registry=registry,
        )
        ended.labels(label, command).set(exit_code)
    try:
        write_to_textfile(str(path), registry)
    except OSError as error:
        raise VoiceformError(
            f"cannot write the metrics: {error.strerror}",
            where=str(path),
            hint="check the folder and its rights",
        ) from error
