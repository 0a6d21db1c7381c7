"""What a command imports before it does its work: each module that need not be there costs every start."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support import Stack

FRAME = {
    "voiceform",
    "voiceform.cli",
    "voiceform.cli.app",
    "voiceform.cli.errors",
    "voiceform.cli.examples",
    "voiceform.cli.support",
    "voiceform.cli.support.colour",
    "voiceform.cli.support.commands",
    "voiceform.cli.support.console",
    "voiceform.cli.support.global_options",
    "voiceform.cli.support.invocation",
    "voiceform.cli.support.options",
    "voiceform.cli.support.stopping",
    "voiceform.cli.table",
    "voiceform.model",
    "voiceform.model.clock",
    "voiceform.model.durations",
    "voiceform.model.errors",
    "voiceform.model.exit_codes",
    "voiceform.model.halting",
    "voiceform.model.runtime",
    "voiceform.model.shown",
    "voiceform.model.unshown",
    "voiceform.model.wording",
    "voiceform.version",
}
"""What every invocation imports, and `--version` and `--help` nothing else."""

READING = FRAME | {
    "voiceform.cli.commands",
    "voiceform.cli.commands.validate",
    "voiceform.cli.support.variables",
    "voiceform.cli.support.wiring",
    "voiceform.config",
    "voiceform.config.desired",
    "voiceform.config.filereport",
    "voiceform.config.interpolate",
    "voiceform.config.load",
    "voiceform.config.merge",
    "voiceform.config.problems",
    "voiceform.config.problems.findings",
    "voiceform.config.problems.wording",
    "voiceform.config.scalars",
    "voiceform.config.schema",
    "voiceform.config.sources",
    "voiceform.config.text",
    "voiceform.config.tree",
    "voiceform.config.validator",
    "voiceform.config.yaml_reader",
    "voiceform.kinds",
    "voiceform.kinds.call",
    "voiceform.kinds.conference",
    "voiceform.kinds.kind",
    "voiceform.kinds.queue",
    "voiceform.kinds.retention",
    "voiceform.kinds.userfiles",
    "voiceform.model.address",
    "voiceform.model.configuration",
    "voiceform.model.diagnostics",
    "voiceform.model.document",
    "voiceform.model.empty",
    "voiceform.model.mode",
    "voiceform.model.paths",
    "voiceform.model.progress",
    "voiceform.model.resource",
    "voiceform.model.resource_files",
    "voiceform.model.safety",
    "voiceform.model.schema_files",
    "voiceform.stack",
    "voiceform.stack.arguments",
    "voiceform.stack.listener",
    "voiceform.stack.looks",
    "voiceform.stack.parts",
    "voiceform.stack.phoning",
    "voiceform.stack.stack",
    "voiceform.stack.state",
}
"""What `validate` imports of a configuration that declares nothing."""

QUEUES = {
    "voiceform.kinds.namesakes",
    "voiceform.kinds.notes",
    "voiceform.kinds.queue.parse",
    "voiceform.model.names",
}
"""What queues add to that."""

READERS = {"click", "jsonschema_rs", "yaml"}

SECTIONS = {
    "queues": ("queues: {support: {max_size: 20}}", set()),
    "conferences": ("conferences: {standup: {settings: {beep: on-enter}}}", set()),
    "calls": (
        """\
calls:
  reminder:
    to: "+15558675310"
    from: "+15017122661"
    schedule: {at: 2026-12-01T09:00:00, timezone: America/New_York}
    answer: {say: Good morning.}
""",
        {"phonenumbers", "tzdata"},
    ),
    "retention": ("retention: {recordings: [{name: all, keep: 90d}]}", set()),
    "safety": (
        "safety: {max_deletes: 3, freeze: [{start: 2026-12-20, end: 2027-01-02, reason: holidays}]}",
        set(),
    ),
}
"""A configuration of each section, and what may be imported for it beside the readers."""

OFFLINE = {
    ("--version",): set(),
    ("--help",): set(),
    ("help", "plan"): set(),
    ("plan", "--help"): set(),
    ("schema", "config"): set(),
    ("explain",): set(),
    ("completion", "bash"): set(),
    ("validate",): {"jsonschema_rs", "yaml"},
    ("state", "list"): {"msgspec"},
    ("lock", "show"): {"msgspec"},
    ("runs",): {"msgspec"},
    ("calls", "list"): {"msgspec"},
}
"""What commands that send nothing may import of other projects, beside click."""

HELPERS = {"cython_runtime", "typing_extensions", "importedpackage", "sitecustomize", "usercustomize"}
"""Modules that others bring along, and those of an installation."""


PROGRAM = """
import sys
from voiceform.cli import main
code = main(sys.argv[1:])
print("", " ".join(sys.modules), sep="\\n", file=sys.stderr)
sys.exit(code)
"""


def imported(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> set[str]:
    """The modules that are there when a command has ended, as it has to with 0, in a process of its own."""
    # Coverage, where it measures, would be among them.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**inherited, **(environ or {})},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stderr.splitlines()[-1].split())


def ours(modules: set[str]) -> set[str]:
    return {name for name in modules if name.split(".")[0] == "voiceform"}


def of_others(modules: set[str]) -> set[str]:
    tops = {name.split(".")[0] for name in modules}
    return {
        top for top in tops - sys.stdlib_module_names - HELPERS - {"voiceform", "__main__"} if top[0] != "_"
    }


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_version_and_help_import_the_frame_alone(option: str, tmp_path: Path) -> None:
    found = imported(tmp_path, option)
    assert ours(found) == FRAME
    assert not found & {
        "pathlib",
        "urllib.parse",
        "json",
        "hashlib",
        "inspect.Signature",
        "difflib",
        "traceback",
    }


def test_to_validate_imports_what_reads_and_nothing_that_acts(tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text("version: 1\n")
    assert ours(imported(tmp_path, "validate")) == READING


def test_of_a_kind_what_reads_it_is_imported(tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text("version: 1\nqueues: {support: {max_size: 20}}\n")
    assert ours(imported(tmp_path, "validate")) == READING | QUEUES


def test_findings_for_programs_need_nothing_of_plans(tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text("version: 1\nqueues: {support: {max_size: 20}}\n")
    found = imported(tmp_path, "validate", "--format", "json")
    assert "voiceform.render.findings_json" in found
    assert not found & {"voiceform.model.plan", "voiceform.model.run", "voiceform.render.json"}
    assert not found & {"hashlib", "msgspec"}


@pytest.mark.parametrize("section", SECTIONS)
def test_no_section_needs_a_client_a_store_or_a_page_to_be_validated(section: str, tmp_path: Path) -> None:
    text, more = SECTIONS[section]
    (tmp_path / "voiceform.yaml").write_text(f"version: 1\n{text}\n")
    found = imported(tmp_path, "validate")
    assert of_others(found) <= READERS | more
    acting = tuple(f"voiceform.{part}." for part in ("state", "engine", "render", "dispatch"))
    assert not {name for name in found if name.startswith(acting)}
    assert not found & {"voiceform.kinds.base", "voiceform.model.plan", "voiceform.twilio.parameters"}
    assert not found & {"ssl", "http.client", "sqlite3", "asyncio", "voiceform.twilio.wire"}


@pytest.mark.parametrize("arguments", OFFLINE, ids=" ".join)
def test_what_is_sent_nowhere_imports_no_client(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text("version: 1\nqueues: {support: {max_size: 20}}\n")
    found = imported(tmp_path, *arguments)
    assert of_others(found) <= {"click"} | OFFLINE[arguments]


def test_what_sends_imports_no_more_than_it_uses(stack: Stack) -> None:
    """A plan in text renders no page and reads no other store."""
    stack.write("queues: {support: {max_size: 20}}")
    found = of_others(imported(stack.folder, "plan", environ=stack.environ))
    assert not found & {"jinja2", "psycopg", "obstore", "uvicorn", "holidays", "babel", "jsonschema"}
    assert not found & {"requests", "urllib3"}


def test_a_plan_of_queues_asks_no_kind_of_which_there_is_nothing(stack: Stack) -> None:
    stack.write("queues: {support: {max_size: 20}}")
    found = imported(stack.folder, "plan", environ=stack.environ)
    kinds = {f"voiceform.kinds.{kind}" for kind in ("call.compare", "call.spec", "conference.compare")}
    kinds |= {f"voiceform.kinds.retention.{part}" for part in ("survey", "compare", "policy")}
    assert not found & {*kinds, "xml.etree.ElementTree", "phonenumbers"}
    assert "voiceform.kinds.queue.compare" in found
    assert {entry["operation"] for entry in stack.emulator.requests()} == {"listQueues"}
