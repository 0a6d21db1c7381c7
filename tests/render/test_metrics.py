"""The metrics file, read with Prometheus' own parser."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.declared import VOCABULARY
from tests.render import samples
from voiceform.model.errors import VoiceformError
from voiceform.model.measurements import Measurements
from voiceform.model.plan import Action
from voiceform.model.run import Status
from voiceform.model.scopes import Metric
from voiceform.render.metrics import measure_plan, measure_run, write_metrics

Sample = tuple[str, tuple[tuple[str, str], ...]]


def written(path: Path, measured: Measurements, stack: str = "prod") -> dict[Sample, float]:
    write_metrics(path, measured, command="plan", at=samples.NOW, stack=stack)
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_plan(tmp_path: Path) -> None:
    assert written(tmp_path / "plan.prom", measure_plan(samples.full_plan())) == {
        ("voiceform_changes_pending", (("action", "create"), ("stack", "prod"))): 2,
        ("voiceform_changes_pending", (("action", "update"), ("stack", "prod"))): 1,
        ("voiceform_changes_pending", (("action", "delete"), ("stack", "prod"))): 2,
        ("voiceform_drifted_objects", (("stack", "prod"),)): 2,
        ("voiceform_recordings_due", (("stack", "prod"),)): 4000,
        (
            "voiceform_last_run_timestamp_seconds",
            (("command", "plan"), ("stack", "prod")),
        ): samples.NOW.timestamp(),
    }


def test_run(tmp_path: Path) -> None:
    report = samples.report(
        samples.outcome("queue.a", Action.CREATE, Status.FAILED),
        samples.outcome("queue.b", Action.CREATE, Status.REFUSED),
        samples.outcome("queue.c", Action.CREATE, Status.SKIPPED),
        samples.outcome("queue.d", Action.CREATE, Status.UNKNOWN),
        replace(samples.outcome("call.e", Action.CREATE, Status.UNKNOWN), unknown={"call": 3}),
        replace(samples.outcome("conference.f", Action.CREATE, Status.UNKNOWN), unknown={"call": 1}),
        replace(samples.outcome("call.g", Action.DELETE, Status.FAILED), unknown={"call": 2}),
    )
    found = written(tmp_path / "run.prom", measure_run(report, VOCABULARY))
    assert found["voiceform_failed_operations", (("stack", "prod"),)] == 3
    assert found["voiceform_calls_unknown", (("stack", "prod"),)] == 6
    assert not [name for name, _ in found if name == "voiceform_drifted_objects"]


def test_hostile_stack_is_a_label(tmp_path: Path) -> None:
    found = written(tmp_path / "a.prom", Measurements(drifted_objects=1), stack='a"\n} 1\x1b')
    assert found["voiceform_drifted_objects", (("stack", 'a"\\n} 1\\x1b'),)] == 1


def test_addresses_that_hold_numbers_are_masked_and_counted_together(tmp_path: Path) -> None:
    calls = {("call.to_12125550101", "placed"): 2, ("call.to_13125550101", "placed"): 3}
    found = written(tmp_path / "metrics.prom", Measurements(counters={Metric("calls", "Calls."): calls}))
    (total,) = [value for (name, _), value in found.items() if name == "voiceform_calls_total"]
    assert total == 5
    assert "555010" not in (tmp_path / "metrics.prom").read_text()


def test_two_files_about_the_same_are_the_same(tmp_path: Path) -> None:
    measured = Measurements(
        drifted_objects=1, counters={Metric("calls", "Calls."): {("call.a", "placed"): 2}}
    )
    for name in ("a.prom", "b.prom"):
        written(tmp_path / name, measured)
    assert (tmp_path / "a.prom").read_bytes() == (tmp_path / "b.prom").read_bytes()


def test_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.prom"
    path.write_text("old", encoding="utf-8")
    written(path, Measurements())
    assert "old" not in path.read_text(encoding="utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.prom"]


def test_folder_that_is_missing_is_said(tmp_path: Path) -> None:
    with pytest.raises(VoiceformError, match="cannot write the metrics") as caught:
        write_metrics(tmp_path / "no" / "a.prom", Measurements(), command="plan", at=samples.NOW)
    assert caught.value.where == str(tmp_path / "no" / "a.prom")


def test_library_is_loaded_only_to_write() -> None:
    program = "import sys, voiceform.render.metrics; sys.exit('prometheus_client' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
