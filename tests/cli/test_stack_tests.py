"""`voiceform test`: what people write, what is told when something is not so, and what is never touched."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
import yaml

from tests.support import Stack
from voiceform.model.schema_files import schema_text
from voiceform.stack.calls import STATUSES

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*/tests/*.voiceform.yaml"))
STACK = """version: 1
safety: {max_delete_percent: 100}
queues: {support: {friendly_name: Support, max_size: 50, protect: true}, sales: {friendly_name: Sales}}
conferences: {standup: {participants: {bridge: {to: "+15558675310", from: "+15017122661"}}}}
calls:
  reminder:
    to: ["+12125550101", "+12125550102"]
    from: "+15017122661"
    schedule: {at: 2026-12-01T09:00:00, timezone: America/New_York}
    do_not_call: dnc.txt
    answer: {say: "Your visit & more"}
retention: {recordings: [{name: all, keep: 90d}], call_records: [{name: cdr, keep: 90d}]}
"""
GIVEN = """
  now: 2026-12-01T13:00:00Z
  conferences: [{friendly_name: standup, participants: [{label: anna, muted: true}]}]
  recordings: [{date_created: 2026-01-01, duration: 12}, {date_created: 2026-11-30}]
  calls: [{date_created: 2026-01-01, to: "+12125550109"}]
"""


def write_stack(stack: Stack, *cases: str, given: str = GIVEN, text: str = STACK) -> None:
    """A stack with one test file of these cases."""
    stack.write(text)
    (stack.folder / "dnc.txt").write_text("+12125550102\n")
    written = "".join(cases)
    stack.write(f"version: 1\ngiven:{given}cases:\n{written}", "tests/mine.voiceform.yaml")


def case(name: str, when: str, expect: str = "") -> str:
    """One case, in flow style."""
    end = f"    expect: {expect}\n" if expect else ""
    return f"  - name: {name}\n    when: {when}\n{end}"


def mismatches(stack: Stack) -> list[list[dict[str, Any]]]:
    """What was not as expected, case by case."""
    found = stack.run("test", "--format", "json", "--show-numbers").json
    return [case["mismatches"] for file in found["files"] for case in file["cases"]]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parts[-3])
def test_the_examples_hold(path: Path, stack: Stack) -> None:
    done = stack.run("test", str(path), environ={})
    assert done.code == 0, done.out + done.err
    assert "failed" not in done.out


def test_every_example_is_tested() -> None:
    examples = {path.parent.name for path in (ROOT / "examples").glob("*/voiceform.yaml")}
    assert examples == {path.parts[-3] for path in EXAMPLES}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.parts[-3])
def test_what_people_write_fits_the_schema_by_another_reader(path: Path) -> None:
    written = yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # everything is text: no dates
    schema = json.loads(schema_text("test"))
    for error in jsonschema.Draft202012Validator(schema).iter_errors(written):
        assert error.validator in ("type", "const", "enum", "oneOf"), error  # of numbers and switches


OF_STEPS: Mapping[str, tuple[str, str, str]] = {
    "exit": ("[apply, {drift: , expect: THIS}]", "0", "3"),
    "error": ("[apply, {destroy: , expect: THIS}]", "protected", "no such words"),
    "impact": ("[{apply: , expect: THIS}]", "[1 recording of 2, into the room]", "[2 recordings of 2]"),
    "changes": (
        "[{apply: {targets: ['queue.*']}, expect: THIS}]",
        "[{address: queue.support, action: create}, {address: queue.sales}]",
        "[{address: queue.support, action: delete}, {address: queue.sales}]",
    ),
    "drift": ("[apply, {drift: , expect: THIS}]", "[]", "[{address: queue.support, status: gone}]"),
    "blocked": ("[apply, {destroy: , expect: THIS}]", "[protect]", "[max_deletes]"),
    "findings": ("[{apply: , expect: THIS}]", "[]", "[{code: do-not-call}]"),
}
"""Steps, what holds of one of them, and what does not."""

OF_ACCOUNTS: Mapping[str, tuple[str, str]] = {
    "calls": (
        "[{to: '+15558675310', conference: standup}, {to: '+1 212-555-0101', hears: visit & more,"
        " from: '+15017122661', at: '2026-12-01T09:00:00-05:00'}]",
        "[{to: '+15558675310'}, {to: '+12125550101', hears: something else}]",
    ),
    "ledger": (
        "{suppressed: [{to: '+12125550102', reason: do-not-call list, address: call.reminder, attempt: 1,"
        " occurrence: 2026-12-01T14:00:00Z}], missed: 0}",
        "{suppressed: [{to: '+12125550102', reason: contact limit}]}",
    ),
    "queues": (
        "[{friendly_name: Sales, max_size: 1000}, {friendly_name: Support, max_size: 50, current_size: 0}]",
        "[{friendly_name: Sales}]",
    ),
    "conferences": (
        "[{friendly_name: standup, status: in-progress, participants: [{label: anna, muted: true}]}]",
        "[{friendly_name: standup, participants: [{label: anna, muted: false}]}]",
    ),
    "recordings": ("[{date_created: 2026-11-30, status: completed}]", "2"),
    "deleted": (
        "{recordings: [{date_created: 2026-01-01, duration: 12}], call_records: [{to: '+12125550109'}],"
        " queues: 0}",
        "{recordings: 0}",
    ),
}
ALL_STEPS = "[apply, {to: '2026-12-01T14:00:00Z'}, dispatch]"


def test_the_tables_name_every_expectation() -> None:
    definitions = json.loads(schema_text("test"))["$defs"]
    assert set(definitions["case_expect"]["properties"]) == set(OF_ACCOUNTS)
    assert set(definitions["step_expect"]["properties"]) == {*OF_STEPS, *OF_ACCOUNTS}
    assert set(definitions["case_expect"]["properties"]["ledger"]["properties"]) == set(STATUSES)


@pytest.mark.parametrize("key", OF_STEPS)
def test_what_is_expected_of_a_step_holds_or_is_told(key: str, stack: Stack) -> None:
    steps, right, wrong = OF_STEPS[key]
    write_stack(
        stack,
        case("right", steps.replace("THIS", f"{{{key}: {right}}}")),
        case("wrong", steps.replace("THIS", f"{{{key}: {wrong}}}")),
    )
    good, bad = mismatches(stack)
    assert not good
    assert len(bad) == 1


@pytest.mark.parametrize("key", OF_ACCOUNTS)
def test_what_is_expected_at_the_end_holds_or_is_told(key: str, stack: Stack) -> None:
    right, wrong = OF_ACCOUNTS[key]
    write_stack(
        stack,
        case("right", ALL_STEPS, f"{{{key}: {right}}}"),
        case("wrong", ALL_STEPS, f"{{{key}: {wrong}}}"),
    )
    good, bad = mismatches(stack)
    assert not good
    assert len(bad) == 1
    text = (stack.folder / "tests/mine.voiceform.yaml").read_text().splitlines()
    there = text[bad[0]["line"] - 1][bad[0]["column"] - 1 : -1]
    assert there
    assert wrong.endswith(there)


WRONG: Mapping[str, tuple[str, str]] = {
    "a key": ("{name: a, when: [apply], ¦expct: {calls: 1}}", "unknown key 'expct'"),
    "a key of a step": ("{name: a, when: [{¦aply: }], expect: {calls: 1}}", "unknown key 'aply'"),
    "a key inside": ("{name: a, when: [apply], expect: {calls: [{¦too: x}]}}", "unknown key 'too'"),
    "no expectation": ("{¦name: a, when: [apply]}", "nothing is expected"),
    "an empty one": ("{name: a, when: [apply], expect: ¦{}}", "must not be empty"),
    "an empty one inside": ("{name: a, when: [apply], expect: {calls: [¦{}]}}", "must not be empty"),
    "one without a value": ("{name: a, when: [apply], expect: {calls: ¦}}", "empty"),
    "no impact": ("{name: a, when: [{apply: , expect: {impact: ¦[]}}]}", "must not be empty"),
    "no words": ("{name: a, when: [{apply: , expect: {impact: [¦'']}}]}", "must not be empty"),
    "two steps in one": (
        "{name: a, when: [¦{apply: , plan: , expect: {exit: 0}}]}",
        "only one of them may be",
    ),
    "no step": ("{name: a, when: [¦{expect: {exit: 0}}]}", "needs apply, plan"),
    "nothing to do": ("{name: a, when: ¦[], expect: {calls: 0}}", "must not be empty"),
    "impact of time": (
        "{name: a, when: [{advance: 1h, expect: {¦impact: [x]}}]}",
        "impact is expected of 'advance', which has none",
    ),
    "exit of time": ("{name: a, when: [{advance: 1h, expect: {¦exit: 0}}]}", "which has none"),
    "impact of dispatch": ("{name: a, when: [{dispatch: , expect: {¦changes: 0}}]}", "which has none"),
    "an instant without a zone": (
        "{name: a, when: [{to: ¦2026-12-01T09:00:00}], expect: {calls: 0}}",
        "must be a date, or an instant with an offset",
    ),
    "a day that there is not": (
        "{name: a, when: [apply], expect: {calls: [{at: ¦2026-02-30}]}}",
        "is no date",
    ),
    "a time that there is not": (
        "{name: a, when: [¦to: 2026-02-03T25:00:00Z], expect: {calls: 0}}",
        "is no date",
    ),
    "a duration": ("{name: a, when: [{advance: ¦1 hour}], expect: {calls: 0}}", "must be a duration"),
    "a status": ("{name: a, when: [apply], expect: {ledger: {¦gone: 1}}}", "unknown key 'gone'"),
    "what is given": (
        "{name: a, given: {queues: [{¦name: x}]}, when: [apply], expect: {calls: 0}}",
        "unknown key 'name'",
    ),
    "a name twice": (
        "{name: a, when: [apply], expect: {calls: 0}}, {¦name: a, when: [apply], expect: {calls: 0}}",
        "two cases have this name",
    ),
    "a key twice": ("{name: a, ¦name: b, when: [apply], expect: {calls: 0}}", "given twice"),
}
"""One case each, with a mark before what is wrong."""


@pytest.mark.parametrize("what", WRONG)
def test_what_is_written_wrong_is_told_with_its_place(what: str, stack: Stack) -> None:
    marked, message = WRONG[what]
    stack.write(STACK)
    stack.write(f"version: 1\ncases: [{marked.replace('¦', '')}]\n", "tests/mine.voiceform.yaml")
    other = "version: 1\ncases:\n  - {name: other, when: [plan], expect: {calls: 0}}\n"
    stack.write(other, "tests/other.voiceform.yaml")
    done = stack.run("test", "--format", "json")
    assert done.code == 1
    mine, others = done.json["files"]
    found = {(finding["line"], finding["column"]): finding["message"] for finding in mine["findings"]}
    place = (2, len("cases: [") + marked.index("¦") + 1)
    assert message in found[place]
    assert [case["status"] for case in others["cases"]] == ["passed"]  # none the less
    assert "1 passed, 1 file not usable" in stack.run("test").out


EMPTY = ("", "cases: []\n", "[]\n", "version: 2\ncases: [{name: a}]\n", "{", "\xff", "a\0b")


@pytest.mark.parametrize("text", EMPTY)
def test_a_file_that_holds_no_tests_is_an_error(text: str, stack: Stack) -> None:
    path = stack.folder / "tests/mine.voiceform.yaml"
    path.parent.mkdir()
    path.write_bytes(text.encode("latin-1"))
    done = stack.run("test")
    assert done.code == 1
    assert "mine.voiceform.yaml" in done.out
    assert "0 passed, 1 file not usable" in done.out


def test_one_case_that_fails_stops_no_other(stack: Stack) -> None:
    write_stack(
        stack,
        case("first", "[apply]", "{calls: 7}"),
        case("second", "[{undo: }, apply]", "{calls: 1}"),
        case("third", "[apply]", "{queues: 2}"),
    )
    done = stack.run("test")
    assert done.code == 1
    assert [line.split()[0] for line in done.out.splitlines() if line.startswith(("  pass", "  FAIL"))] == [
        "FAIL",
        "FAIL",
        "pass",
    ]
    assert "calls: expected 7, there is 1" in done.out
    assert "there is no run yet" in done.out
    assert "1 passed, 2 failed" in done.out
    assert "+15558675310" not in done.out
    assert "+1•••••5310" in done.out
    assert "+15558675310" in stack.run("test", "--show-numbers").out


def test_each_case_has_an_account_a_state_and_files_of_its_own(stack: Stack) -> None:
    again = case("again", "[{apply: {targets: ['queue.*']}, expect: {changes: 2}}]", "{queues: 2}")
    write_stack(
        stack, case("once", "[{apply: , expect: {exit: 0}}]"), again, again.replace("again", "and again")
    )
    assert stack.run("test").code == 0
    assert sorted(path.name for path in stack.folder.iterdir()) == ["dnc.txt", "tests", "voiceform.yaml"]


def test_files_are_as_young_as_the_test(stack: Stack) -> None:
    text = STACK.replace("do_not_call: dnc.txt", "do_not_call: {file: dnc.txt, max_age: 2d}")
    until = "{to: '2026-12-01T14:00:00Z'}"
    write_stack(
        stack,
        case("young", f"[apply, {until}, dispatch]", "{calls: 2, ledger: {suppressed: 1}}"),
        case("old", f"[apply, {until}, {{dispatch: , expect: {{exit: 5}}}}]", "{calls: 1, ledger: {due: 2}}")
        + "    given: {now: 2026-11-27}\n",
        text=text,
    )
    assert mismatches(stack) == [[], []]


def test_neither_the_account_nor_the_state_of_the_environment_is_used(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = tmp_path / "real.db"
    environ = {**stack.environ, "VOICEFORM_STATE": f"sqlite:///{state}", "SUPPORT": "from outside"}
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    write_stack(
        stack,
        case("all", "[apply, {to: '2026-12-01T14:00:00Z'}, dispatch, prune, drift]", "{calls: 2}"),
        text=STACK.replace("friendly_name: Sales", "friendly_name: '${SUPPORT:-Sales}'"),
        given=GIVEN.replace("recordings", "queues: []\n  recordings"),
    )
    done = stack.run("test", environ=environ)
    assert done.code == 0, done.out
    assert stack.emulator.requests() == []  # which is the account of the environment
    assert not state.exists()
    assert not (stack.folder / "evidence").exists()


@pytest.mark.parametrize("place", ["s3://bucket/archive", "gs://bucket", "file:///var/lib/archive"])
def test_nothing_is_written_to_an_archive_elsewhere(place: str, stack: Stack) -> None:
    text = STACK.replace("keep: 90d}], call", f"keep: 90d, archive: {{to: '{place}'}}}}], call")
    write_stack(
        stack, case("all", "[{apply: , expect: {error: does not write to the archive, exit: 64}}]"), text=text
    )
    assert mismatches(stack) == [[]]


def test_a_configuration_of_one_account_is_tested_as_that(stack: Stack) -> None:
    text = STACK.replace("version: 1", f"version: 1\naccount: AC{'7' * 32}")
    write_stack(stack, case("all", "[apply, dispatch]", "{queues: 2}"), text=text)
    assert mismatches(stack) == [[]]


def test_a_broken_configuration_fails_its_cases_with_its_place(stack: Stack) -> None:
    write_stack(stack, case("all", "[apply]", "{queues: 2}"), text="version: 1\nqueus: {}\n")
    done = stack.run("test")
    assert done.code == 1
    assert f"{stack.folder}/voiceform.yaml:2:1" in done.out
    assert "unknown key 'queus'" in done.out


def test_a_broken_configuration_can_be_what_is_expected(stack: Stack) -> None:
    wanted = "[{plan: , expect: {findings: [{code: unknown-key, severity: error, message: queus}]}}]"
    write_stack(stack, case("all", wanted), text="version: 1\nqueus: {}\n")
    assert mismatches(stack) == [[]]


def test_another_configuration_is_applied_over_the_first(stack: Stack) -> None:
    write_stack(
        stack,
        case(
            "all",
            "[apply, {stack: {files: [next.yaml]}}, {plan: , expect: {exit: 2}}, apply, undo]",
            "{queues: 2}",
        ),
    )
    (stack.folder / "next.yaml").write_text(STACK.replace("max_size: 50", "max_size: 60"))
    assert mismatches(stack) == [[]]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["-k", "SECOND"], 0, "1 passed in"),
        (["-k", "fourth"], 64, "no case has 'fourth' in its name"),
        (["elsewhere"], 64, "there is no file or folder"),
        (["lists"], 64, "there is no *.voiceform.yaml in"),
        (["tests/mine.voiceform.yaml", "tests"], 0, "2 passed in"),
        (["--junit-xml", "tests/mine.voiceform.yaml"], 64, "YAML"),
        (["--junit-xml", "voiceform.xml"], 64, "not the results of `voiceform test`"),
        (["--junit-xml", "nowhere/a.xml"], 64, "there is no folder"),
    ],
)
def test_which_cases_are_run(arguments: list[str], code: int, words: str, stack: Stack) -> None:
    write_stack(stack, case("first one", "[plan]", "{calls: 0}"), case("second one", "[plan]", "{calls: 0}"))
    (stack.folder / "lists").mkdir()
    (stack.folder / "voiceform.xml").write_text("<mine/>")
    arguments = [str(stack.folder / each) if each in ("lists", "elsewhere") else each for each in arguments]
    done = stack.run("test", *arguments)
    assert done.code == code, done.out + done.err
    assert words in done.out + done.err
    assert (stack.folder / "voiceform.xml").read_text() == "<mine/>"


@pytest.mark.parametrize("place", ["", "tests/", "tests/calls/late/"])
def test_a_test_is_about_the_nearest_stack(place: str, stack: Stack) -> None:
    stack.write(STACK)
    path = stack.write(
        "version: 1\ncases:\n" + case("a", "[plan]", "{queues: 0}"), f"{place}a.voiceform.yaml"
    )
    assert "1 passed" in stack.ok("test", str(path)).out


def test_a_stack_without_tests_is_an_error(stack: Stack) -> None:
    stack.write(STACK)
    done = stack.run("test")
    assert done.code == 64
    assert "there are no tests" in done.err


def test_the_xml_is_what_ci_systems_read(stack: Stack) -> None:
    hostile = '"<b>&amp; ]]> \\x1b[31m ::error:: \\u202e +12125550101"'
    write_stack(
        stack,
        case("fine", "[plan]", "{calls: 0}"),
        case(hostile, "[apply]", "{calls: [{to: '+12125550199'}]}"),
    )
    stack.write("version: 1\ncases: 1\n", "tests/bad.voiceform.yaml")
    for _ in range(2):  # its own file may be replaced
        assert stack.run("test", "--junit-xml", "results.xml").code == 1
    text = (stack.folder / "results.xml").read_text()
    root = ElementTree.fromstring(text)
    assert (root.tag, root.get("tests"), root.get("failures"), root.get("errors")) == (
        "testsuites",
        "3",
        "1",
        "1",
    )
    cases = {case.get("name"): case for case in root.iter("testcase")}
    assert len(cases) == 3
    (failure,) = [found for case in cases.values() for found in case.iter("failure")]
    assert "mine.voiceform.yaml:" in (failure.text or "")
    assert "- {to: +1•••••0199}" in (failure.text or "")
    assert "+12125550199" not in text
    assert not any(hidden in text for hidden in ("\x1b", "\u202e"))


def test_the_json_says_where_and_what(stack: Stack) -> None:
    write_stack(stack, case("fine", "[plan]", "{calls: 0}"), case("not so", "[apply]", "{queues: 9}"))
    done = stack.run("test", "--format", "json")
    assert done.code == 1
    found = done.json
    assert {key: found["summary"][key] for key in ("passed", "failed", "unreadable")} == {
        "passed": 1,
        "failed": 1,
        "unreadable": 0,
    }
    (file,) = found["files"]
    assert [case["status"] for case in file["cases"]] == ["passed", "failed"]
    (mismatch,) = file["cases"][1]["mismatches"]
    assert (mismatch["line"], mismatch["message"]) == (13, "queues: expected 9, there are 2")


def test_without_the_extra_the_command_is_named(stack: Stack) -> None:
    write_stack(stack, case("fine", "[plan]", "{calls: 0}"))
    code = (
        "import sys; sys.modules['uvicorn'] = None; from voiceform.cli import main;"
        f" sys.exit(main(['-C', {str(stack.folder)!r}, 'test']))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "pip install 'voiceform[emulator]'" in done.stderr


def test_who_interrupts_waits_for_nothing_and_nothing_is_left(stack: Stack, tmp_path: Path) -> None:
    many = [
        case(f"case {number}", "[apply, dispatch, plan, apply, plan]", "{queues: 2}") for number in range(300)
    ]
    write_stack(stack, *many)
    stack.write("version: 1\ncases:\n" + case("first", "[plan]", "{calls: 0}"), "tests/a.voiceform.yaml")
    left = tmp_path / "left"
    left.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "voiceform", "-C", stack.folder, "test"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(left)},
    )
    assert process.stdout is not None
    assert "a.voiceform.yaml" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, out + err
    assert "Interrupted" in err
    assert "case 299" not in out
    assert "passed" not in out
    assert list(left.iterdir()) == []
