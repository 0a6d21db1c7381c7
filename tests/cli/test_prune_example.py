"""The example stack: it works, and so do the commands of its cron line and its CI job."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.pruning import NOW, Pruner, call, files_below, recording
from tests.support import Stack
from voiceform.model.resource_files import example_folder

pytest.importorskip("obstore")

EXAMPLE = example_folder("retention-only")
COMPLAINTS, SALES, CASE = "+15558675310", "+15550001111", "+15017122661"
COMMAND = re.compile(r"\bvoiceform (prune|validate|plan)\b(.*)")


def cron_command() -> str:
    lines = (EXAMPLE / "voiceform-prune.cron").read_text().splitlines()
    (line,) = [line for line in lines if line[:1].isdigit()]
    minute, hour, *_ = line.split()
    assert minute.isdigit()
    assert hour.isdigit()
    return line


def workflow() -> Any:
    return yaml.safe_load((EXAMPLE / ".github" / "workflows" / "retention.yml").read_text())


def workflow_commands(job: str) -> list[str]:
    return [step["run"] for step in workflow()["jobs"][job]["steps"] if "voiceform " in step.get("run", "")]


def arguments(command: str) -> list[str]:
    """What the shell would give to voiceform, with no approvals set."""
    match = COMMAND.search(command)
    assert match is not None
    return [word for word in shlex.split(match[0])[1:] if word != "$APPROVE"]


@pytest.fixture
def pruner(stack: Stack, tmp_path: Path) -> Pruner:
    shutil.copytree(EXAMPLE, stack.folder, dirs_exist_ok=True)
    stack.environ["VOICEFORM_ARCHIVE"] = (tmp_path / "archive").as_uri()
    pruner = Pruner(stack, NOW.replace(year=2027))
    old = 40
    pruner.seed(
        [
            *(recording(n, 10, pruner.clock.now()) for n in range(1000, 1200)),
            *(recording(n, 91, pruner.clock.now()) for n in range(old)),
            recording(100, 800, pruner.clock.now()),
            recording(101, 700, pruner.clock.now()),
            recording(102, 400, pruner.clock.now(), source="Conference", duration=61),
            recording(103, 300, pruner.clock.now(), source="Conference", duration=61),
            recording(104, 400, pruner.clock.now()),
            recording(105, 600, pruner.clock.now(), source="Conference", duration=61),
        ],
        [
            *(call(n, 91, pruner.clock.now(), to=SALES, direction="inbound") for n in range(old)),
            call(100, 800, pruner.clock.now(), to=COMPLAINTS, direction="inbound"),
            call(101, 700, pruner.clock.now(), to=COMPLAINTS, direction="inbound"),
            *(call(n, 400, pruner.clock.now(), direction="outbound-api", caller=SALES) for n in (102, 103)),
            call(104, 400, pruner.clock.now(), to=SALES, caller=CASE),
            *(call(n, 10, pruner.clock.now()) for n in range(1000, 1200)),
        ],
    )
    return pruner


KEPT = {101, 102, 103, 104, *range(1000, 1200)}
"""104 was made in April 2026 by the number of the hold, which may have been in the conference of 102."""


def run(pruner: Pruner, command: str) -> int:
    return pruner.stack.run(*arguments(command), clock=pruner.clock).code


def test_the_cron_line_does_what_the_rules_say(pruner: Pruner) -> None:
    assert run(pruner, cron_command()) == 0
    assert pruner.left() == KEPT
    assert {Path(name).suffix for name in files_below(pruner.stack.folder / "archive")} == {".mp3", ".json"}
    assert pruner.verify()["deleted"] > 0
    assert pruner.stack.run("plan", "--detailed-exitcode", clock=pruner.clock).code == 0
    assert run(pruner, cron_command()) == 0


def test_the_ci_job_does_the_same_and_its_evidence_is_sound(pruner: Pruner) -> None:
    for command in workflow_commands("review"):
        assert run(pruner, command) == 0
    for command in workflow_commands("prune"):
        assert run(pruner, command) == 0
    assert pruner.left() == KEPT
    assert run(pruner, 'voiceform prune verify "$EVIDENCE"') == 0


def test_the_schedules_are_the_same() -> None:
    (entry,) = workflow()[True]["schedule"]
    assert cron_command().startswith(entry["cron"])


def test_far_too_much_is_refused(pruner: Pruner) -> None:
    pruner.seed([recording(n, 95, pruner.clock.now()) for n in range(2000, 2300)])
    pruner.seed(calls=[call(n, 95, pruner.clock.now()) for n in range(2000, 2300)])
    assert run(pruner, cron_command()) == 4
    assert len(pruner.left()) == len(KEPT) + 42 + 300
