"""A metrics file for Prometheus' node exporter (its textfile collector)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from voiceform.model.errors import MissingExtraError, VoiceformError
from voiceform.model.files import write_whole
from voiceform.model.measurements import Measurements
from voiceform.model.plan import Action, Plan
from voiceform.model.run import Outcome, RunReport, Status
from voiceform.model.scopes import Metric, Vocabulary
from voiceform.model.shown import shown

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

_READABLE = 0o644
"""node_exporter runs as somebody else."""

_Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of one stack, and how the command about it ended."""

    stack: str
    measured: Measurements
    exit_code: int | None = None


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
    failed = report.count(Status.FAILED) + report.count(Status.REFUSED)
    return replace(measure_settled((*settled, *report.outcomes), vocabulary), failed_operations=failed)


def measure_settled(settled: Sequence[Outcome], vocabulary: Vocabulary) -> Measurements:
    """What kinds measure of what may have happened and nobody knows, where a command ended before its own
    run."""
    return Measurements(
        gauges={
            scope.unknown: sum(outcome.unknown.get(scope.name, 0) for outcome in settled)
            for scope in vocabulary.scopes.values()
            if scope.unknown is not None
        }
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
    write_metrics_of(path, [Reading(stack, measured, exit_code)], command=command, at=at)


def write_metrics_of(path: Path, readings: Iterable[Reading], *, command: str, at: datetime) -> None:
    """As `write_metrics`, of several stacks."""
    try:
        from prometheus_client import generate_latest
    except ImportError as error:
        raise MissingExtraError("the metrics file", "metrics") from error
    families = _Families()
    for reading in readings:
        _take(families, reading, command, at)
    try:
        write_whole(path, generate_latest(families.registry()), mode=_READABLE)
    except OSError as error:
        raise VoiceformError(
            f"cannot write the metrics: {error.strerror}",
            where=str(path),
            hint="check the folder and its rights",
        ) from error


class _Families:
    """Each metric once, whichever stack it is about first.

    Families of values, not the library's own gauges and counters: those read the clock when they are made,
    and write it beside each counter.
    """

    def __init__(self) -> None:
        self._values: dict[tuple[str, str, bool], dict[_Labels, float]] = {}

    def set(self, name: str, text: str, value: float | None, **labels: str) -> None:
        """A gauge, unless nobody measured it."""
        if value is not None:
            self._values.setdefault((name, text, False), {})[tuple(labels.items())] = value

    def count(self, metric: Metric, value: int, **labels: str) -> None:
        """A counter; what has the same labels is added up."""
        counted = self._values.setdefault((metric.name, metric.text, True), {})
        key = tuple(labels.items())
        counted[key] = counted.get(key, 0) + value

    def collect(self) -> Iterator[CounterMetricFamily | GaugeMetricFamily]:
        """As the library asks for them."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        for (name, text, counts), values in self._values.items():
            names = [label for label, _ in next(iter(values))]
            made = CounterMetricFamily if counts else GaugeMetricFamily
            family = made(f"voiceform_{name}", text, labels=names)
            for labels, value in values.items():
                family.add_metric([text for _, text in labels], value)
            yield family

    def registry(self) -> CollectorRegistry:
        """What the library writes."""
        from prometheus_client import CollectorRegistry

        registry = CollectorRegistry()
        registry.register(self)
        return registry


def _take(families: _Families, reading: Reading, command: str, at: datetime) -> None:
    measured, stack = reading.measured, shown(reading.stack)
    for action, count in (measured.changes_pending or {}).items():
        text = "Changes that the last plan would make."
        families.set("changes_pending", text, count, stack=stack, action=str(action))
    for metric, counts in measured.counters.items():
        for (address, status), count in counts.items():
            families.count(metric, count, stack=stack, address=shown(address), status=status)
    families.set(
        "drifted_objects", "Objects changed outside of voiceform.", measured.drifted_objects, stack=stack
    )
    families.set(
        "failed_operations", "Changes of the last run that failed.", measured.failed_operations, stack=stack
    )
    for metric, value in measured.gauges.items():
        families.set(metric.name, metric.text, value, stack=stack)
    finished = "When voiceform last finished, in seconds since 1970."
    families.set("last_run_timestamp_seconds", finished, at.timestamp(), stack=stack, command=command)
    ended = "How voiceform last ended; 0 is well."
    families.set("last_run_exit_code", ended, reading.exit_code, stack=stack, command=command)
