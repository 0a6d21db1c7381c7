"""Whatever stands in names and numbers: no command of a fleet and no format shows it raw or in clear."""

from __future__ import annotations

import gc
import json
import os
import re
import resource
import tracemalloc
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.conformance.test_outputs import CONFIGURATION, PASSWORDS, POISON, SPELT, clear, raw
from tests.fleet.fleets import FleetFolder, sid
from voiceform.fleet.fleet import Fleet
from voiceform.fleet.report import FleetReport
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import Amount, ChangeLine, StackResult, Weight
from voiceform.model.schema_files import schema_text
from voiceform.render import fleet_documents as documents
from voiceform.render.fleet import beside, headline, render_report

FORMATS = ("text", "json", "markdown", "html", "junit")


@pytest.fixture
def poisoned(fleet: FleetFolder) -> FleetFolder:
    fleet.of("acme", "beta")
    fleet.write("template/voiceform.yaml", CONFIGURATION)
    fleet.post(1, "Queues.json", FriendlyName=f"say {SPELT[4]} {POISON}"[:60])
    fleet.post(2, "Queues.json", FriendlyName=f"https://bob:{PASSWORDS[0]}@example.com/")
    return fleet


def test_nothing_is_shown_raw_or_in_clear(poisoned: FleetFolder) -> None:
    report = poisoned.folder / "report.json"
    words = [["plan", "--out", "plans"], ["plan", "--format", "json"], ["drift", "--format", "junit"]]
    words += [["show", "plans", "--format", form] for form in FORMATS]
    words += [["prune", "--dry-run"], ["status"], ["status", "--format", "html"], ["validate"]]
    words += [["apply", "plans", "--format", form, "--report-json", str(report)] for form in ("text", "json")]
    words += [["dispatch"], ["dispatch", "--format", "json"], ["list"], ["list", "--format", "json"]]
    found, seen = [], ""
    for command in words:
        done = poisoned.run(*command)
        assert "failed unexpectedly" not in done.out + done.err
        seen += done.out
        for text in (done.out, done.err):
            found += [f"{' '.join(command)}: {item}" for item in raw(text) + clear(masked(text))]
    assert "•••••0101" in seen
    found += [f"report: {item}" for item in raw(report.read_text()) + clear(masked(report.read_text()))]
    assert found == []


def masked(text: str) -> str:
    """Without digests, whose digits are nobody's number, and without accounts."""
    return re.sub(r"(sha256|review):[0-9a-f]{64}|AC[0-9a-f]{32}|\b[0-9a-f]{16}\b|[0-9]+\.[0-9]+", "", text)


@pytest.mark.parametrize("command", ["plan", "drift", "status", "validate", "dispatch"])
def test_a_report_is_as_its_schema_says(poisoned: FleetFolder, command: str) -> None:
    entry = f"  - {{name: lost, path: template, account: {sid(9)}, credentials: {{token: {{env: NO}}}}}}\n"
    poisoned.fleet("  - {template: template, csv: accounts.csv}\n" + entry)
    document = poisoned.run(command, "--format", "json").json
    validator = Draft202012Validator(json.loads(schema_text("fleet_report")))
    assert [error.message for error in validator.iter_errors(document)] == []
    assert len(document["stacks"]) == 3


def test_each_share_of_a_matrix_has_a_comment_of_its_own(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    fleet.ok("plan", "--out", "plans")
    fleet.of("acme", "a--b")
    ways = [[], ["--shard", "1/2"], ["--shard", "2/2"], ["--select", "ring=ring0"], ["--exclude", "*--b"]]
    firsts = set()
    for way in ways:
        first, title, *_ = fleet.ok("plan", *way, "--format", "markdown").out.split("\n")
        assert first.startswith("<!-- voiceform:fleet plan fleet.yaml")
        assert first.endswith(" -->")
        assert "--" not in first[4:-3]
        firsts.add(first)
        assert title == "## voiceform fleet plan"
    assert len(firsts) == len(ways)
    assert "`shard 2/2`" in fleet.ok("plan", "--shard", "2/2", "--format", "markdown").out
    shown = fleet.ok("show", "plans", "--format", "markdown").out
    assert shown.startswith("<!-- voiceform:fleet plan plans -->\n")


def test_an_index_is_as_its_schema_says(poisoned: FleetFolder) -> None:
    poisoned.ok("plan", "--out", "plans")
    document = json.loads((poisoned.folder / "plans/index.json").read_text())
    Draft202012Validator(json.loads(schema_text("fleet_plan"))).validate(document)
    assert clear(json.dumps([each["result"] for each in document["stacks"]])) == []


def test_of_several_codes_the_worst_is_told() -> None:
    assert ExitCode.worst(ExitCode) is ExitCode.UNKNOWN
    assert ExitCode.worst([]) is ExitCode.DONE
    order = [8, 5, 4, 6, 1, 7, 2, 3, 0]
    for place, code in enumerate(order):
        assert ExitCode.worst([ExitCode(other) for other in order[place:]]) == code
    assert all(ExitCode.worst([code]) is code for code in ExitCode)


def test_the_worst_failure_comes_first_and_alike_are_those_that_differ_in_what_is_their_own() -> None:
    report = FleetReport("apply", "fleet.yaml", 300, datetime(2026, 12, 1, tzinfo=UTC))
    for number in range(100):
        name, account = f"s{number}", sid(number)
        locked = f"{name}: held by ada since 2026-12-01T09:{number % 60:02}:00.5Z, run {number:016x}"
        report.add(StackResult(name, account, ExitCode.LOCKED, "failed", error=locked))
        lost = f"{account} has no key after {number + 1}.25ms"
        report.add(StackResult(f"t{number}", account, ExitCode.ERROR, "failed", error=lost))
        status = f"s1 answered {400 + number % 2}, s{number}"
        report.add(StackResult(f"u{number}", account, ExitCode.INCOMPLETE, "failed", error=status))
    report.add(StackResult("zulu", sid(500), ExitCode.UNKNOWN, "1 unknown"))
    found = [(int(each.first.code), each.count) for each in report.failed_alike(3)]
    assert found[0] == (8, 1)
    assert found[-1] == (7, 100)
    assert (1, 100) in found
    assert [code for code, _ in found] == sorted((code for code, _ in found), key=[8, 5, 4, 6, 1, 7].index)
    assert [count for code, count in found if code == 5] == [1] * 100  # they name others than themselves
    for each in report.failed_alike(3):
        assert len(each.stacks) == min(3, each.count)
        assert each.first.stack in each.stacks


def test_what_differs_between_accounts_parts_no_change_and_the_greatest_is_named() -> None:
    report = FleetReport("plan", "fleet.yaml", 200, datetime(2026, 12, 1, tzinfo=UTC))
    for number in range(1, 201):
        effects = ["calls go on"]
        effects += [f"{number:,} callers are waiting (average {300 - number} s)"] if number % 2 else []
        effects += ["bridge is muted"] if number == 7 else []
        call = Amount("place", "call", "calls", 6 * number)
        text = "update queue.support: max_size 200 -> 50"
        line = ChangeLine(Weight.UPDATE, text, (call,), tuple(effects))
        report.add(StackResult(f"s{number}", sid(number), ExitCode.CHANGES, "", changes=(line,)))
    (alike,) = report.alike()
    assert list(beside(alike)) == [
        "places 120,600 calls, 1,200 of them in s200",
        "calls go on",
        "199 callers are waiting (average 101 s) in s199, and alike in 99 more",
        "bridge is muted in 1 account: s7",
    ]
    assert "In all 120,600 calls to place." in headline(report)


def test_a_change_that_one_stack_tells_twice_is_that_of_one() -> None:
    report = FleetReport("apply", "fleet.yaml", 1, datetime(2026, 12, 1, tzinfo=UTC))
    line = ChangeLine(Weight.WARNING, "1 run did not end")
    report.add(StackResult("acme", sid(1), ExitCode.DONE, "", changes=(line, line)))
    assert [each.count for each in report.alike()] == [1]


LINES = st.integers(0, 400)


@settings(max_examples=30)
@given(LINES, LINES, st.integers(0, 3), LINES, st.integers(1, 300))
def test_many_failures_or_changes_hide_no_other(
    failed: int, created: int, destroyed: int, drifted: int, length: int
) -> None:
    report = FleetReport("plan", "fleet.yaml", 2_000, datetime(2026, 12, 1, tzinfo=UTC))
    for number in range(max(failed, created, drifted, destroyed)):
        changes = [
            ChangeLine(weight, f"{word} {number} {'é' * length}")
            for weight, word, count in (
                (Weight.CREATE, "made", created),
                (Weight.DESTROY, "gone", destroyed),
                (Weight.DRIFT, "moved", drifted),
            )
            if number < count
        ]
        code = ExitCode.ERROR if number < failed else ExitCode.CHANGES
        report.add(StackResult(f"s{number}", sid(number), code, f"no {number}!", changes=tuple(changes)))
    text = render_report(report, color=False, width=2_000, show_numbers=False, everything=False)
    page = documents.markdown(report)
    assert len(page.encode()) <= 65_000
    for found in (text, page):
        assert found.count("gone ") == destroyed
        for word, count in (("made ", created), ("moved ", drifted), ("no ", failed)):
            assert found.count(word) >= min(count, 20)
    everything = render_report(report, color=False, width=2_000, show_numbers=False, everything=True)
    assert everything.count("made ") == created


@pytest.mark.parametrize("room", [0, 5_000, 1_000_000, 1_234_567, 3_000_000])
def test_where_no_temporary_file_can_grow_nothing_is_forgotten(room: int) -> None:
    child = os.fork()
    if child == 0:
        code = 1
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
            report = FleetReport("apply", "fleet.yaml", 4_000, datetime(2026, 12, 1, tzinfo=UTC))
            for number in range(4_000):
                change = ChangeLine(Weight.UPDATE, f"queue.support: {number % 3}")
                line = f"{number} {os.urandom(500).hex()}"
                report.add(StackResult(f"s{number}", sid(number), ExitCode.CHANGES, line, changes=(change,)))
            told = [int(each.line.split()[0]) for each in report.results()]
            whole = sorted(told) == [*range(4_000)] and sum(each.count for each in report.alike()) == 4_000
            code = 0 if whole else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_progress_counts_stacks_that_have_nothing_to_do(fleet: FleetFolder) -> None:
    class Heard:
        def __init__(self) -> None:
            self.done: list[int] = []

        def start(self, task: str, total: int | None = None) -> None:
            assert total == 3
            self.done.append(0)

        def advance(self, task: str, steps: int = 1) -> None:
            self.done[-1] += steps

        def finish(self, task: str) -> None:
            assert task == "stacks"

    fleet.of("acme", "beta", "gamma")
    fleet.ok("apply", "--auto-approve", "--select", "stack=acme")
    heard = Heard()
    made = Fleet(folder=fleet.folder, environ={**os.environ, **fleet.environ}, jobs=1, progress=heard)
    made.plan(out="plans")
    made.apply("plans")
    assert heard.done == [3, 3]


def test_what_is_kept_of_each_stack_in_memory_is_next_to_nothing() -> None:
    report = FleetReport("plan", "fleet.yaml", 2_000, datetime(2026, 12, 1, tzinfo=UTC))

    def add(numbers: range) -> None:
        for number in numbers:
            change = ChangeLine(Weight.UPDATE, f"queue.support: max_size {number} -> {number + 1}")
            line = f"1 to update {'x' * 500} {number}"
            report.add(StackResult(f"s{number}", sid(number), ExitCode.CHANGES, line, changes=(change,)))

    add(range(500))
    tracemalloc.start()
    try:
        add(range(500, 2_000))
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 100_000  # what is in the store alone is 2 MB
    finally:
        tracemalloc.stop()
    assert sum(1 for _ in report.results()) == sum(1 for _ in report.alike()) == 2_000
