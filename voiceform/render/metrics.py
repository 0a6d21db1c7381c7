"""A metrics file for Prometheus' node exporter (its textfile collector)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voiceform.model.errors import MissingExtraError, VoiceformError
from voiceform.model.files import write_whole
from voiceform.model.plan import Action, Plan
from voiceform.model.run import Outcome, RunReport, Status
from voiceform.model.scopes import Metric, Vocabulary
from voiceform.model.shown import shown

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_READABLE = 0o644
"""node_exporter runs as somebody else."""


@dataclass(frozen=True, slots=True)
class Measurements:
    """What one command knows; None is not written, so that no gauge tells what nobody measured."""

    changes_pending: Mapping[Action, int] | None = None
    drifted_objects: int | None = None
    failed_operations: int | None = None
    gauges: Mapping[Metric, float] = field(default_factory=dict)
    """What else stands how, as kinds and services declare it."""
    counters: Mapping[Metric, Mapping[tuple[str, str], int]] = field(default_factory=dict)
    """How much was done since the command began, by address and status."""


def measure_plan(plan: Plan) -> Measurements:
    """What a plan tells: changes by action (zeros included), drift, and what kinds measure of what is due."""
    actions = [change.action for change in plan.pending]
    return Measurements(
        changes_pending={action: actions.count(action) for action in Action if action is not Action.NO_OP},
        drifted_objects=len(plan.drift),
        gauges={
            scope.due: sum(change.counts.get(scope.name, 0) for change in plan.changes)
            for scope in plan.vocabulary.scopes.values()
            if scope.due is not None
        },
    )


def measure_run(report: RunReport, vocabulary: Vocabulary, settled: Sequence[Outcome] = ()) -> Measurements:
    """What a run tells: changes that failed or were refused, and what kinds measure of what may have happened
    and nobody knows: also of the changes of earlier runs that were `settled` before it."""
    return Measurements(
        failed_operations=report.count(Status.FAILED) + report.count(Status.REFUSED),
        gauges={
            scope.unknown: sum(outcome.unknown.get(scope.name, 0) for outcome in (*settled, *report.outcomes))
            for scope in vocabulary.scopes.values()
            if scope.unknown is not None
        },
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
        from prometheus_client import generate_latest
    except ImportError as error:
        raise MissingExtraError("the metrics file", "metrics") from error
    registry = _registry(measured, shown(stack), command, at, exit_code)
    try:
        write_whole(path, generate_latest(registry), mode=_READABLE)
    except OSError as error:
        raise VoiceformError(
            f"cannot write the metrics: {error.strerror}",
            where=str(path),
            hint="check the folder and its rights",
        ) from error


def _registry(
    measured: Measurements, stack: str, command: str, at: datetime, exit_code: int | None
) -> CollectorRegistry:
    from prometheus_client import CollectorRegistry, Counter, Gauge

    registry = CollectorRegistry()

    def gauge(name: str, text: str, value: float | None, **labels: str) -> None:
        if value is not None:
            found = Gauge(f"voiceform_{name}", text, ["stack", *labels], registry=registry)
            found.labels(stack, *labels.values()).set(value)

    if measured.changes_pending is not None:
        text = "Changes that the last plan would make."
        pending = Gauge("voiceform_changes_pending", text, ["stack", "action"], registry=registry)
        for action, count in measured.changes_pending.items():
            pending.labels(stack, str(action)).set(count)
    for metric, counts in measured.counters.items():
        name = f"voiceform_{metric.name}"
        counter = Counter(name, metric.text, ["stack", "address", "status"], registry=registry)
        for (address, status), count in counts.items():
            counter.labels(stack, shown(address), status).inc(count)
    gauge("drifted_objects", "Objects changed outside of voiceform.", measured.drifted_objects)
    gauge("failed_operations", "Changes of the last run that failed.", measured.failed_operations)
    for metric, value in measured.gauges.items():
        gauge(metric.name, metric.text, value)
    finished = "When voiceform last finished, in seconds since 1970."
    gauge("last_run_timestamp_seconds", finished, at.timestamp(), command=command)
    gauge("last_run_exit_code", "How voiceform last ended; 0 is well.", exit_code, command=command)
    return registry
