"""Whatever stands in names, numbers and addresses: no command and no format shows it raw or in clear."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

import voiceform
from tests.support import ACCOUNT, Result, Stack
from voiceform.emulator import Emulator

SOURCES = Path(voiceform.__file__).parent
WRITERS = {
    "cli/support/console.py": "the one place that writes to stdout and stderr",
    "emulator/server.py": "stands alone; tells its own address before it serves",
}
"""Who may write to the streams of the process."""

FINISHED = {
    "model/shown.py": "makes them",
    "render/layout.py": "lines of values that were redacted and escaped",
    "render/text.py": "lines, and a line end",
    "render/table.py": "cells that were redacted and escaped",
    "cli/support/watching.py": "a finished text behind what clears the screen",
    "cli/support/applying.py": "a question of which every part was escaped, and its colour",
    "cli/commands/status.py": "lines of values that were redacted and escaped",
    "cli/commands/explain.py": "texts of our own",
    "cli/commands/queues.py": "our own words",
    "cli/commands/rooms.py": "our own words",
    "cli/commands/recordings.py": "redacted JSON, or CSV of SIDs, times and our own words, quoted",
    "render/case_reports.py": "lines of values that were redacted and escaped",
    "render/findings_json.py": "redacted documents, escaped by json_text",
    "render/markdown.py": "redacted plans in code spans and fences",
    "render/html.py": "redacted plans, escaped",
    "render/fleet_documents.py": "redacted results, escaped",
    "render/github.py": "redacted and escaped",
    "render/sarif.py": "redacted and escaped",
    "cli/errors.py": "a coloured word before what is shown",
    "cli/support/asking.py": "a question that was redacted, wrapped",
    "cli/commands/demo.py": "our own words in colour",
    "cli/commands/state.py": "two columns of what is shown, with a tab between them",
    "cli/commands/schedule.py": "an iCalendar file, redacted and escaped where it is made",
    "cli/commands/validate.py": "a count and our own words",
    "cli/commands/twiml.py": "TwiML for a web server: data, escaped, in clear",
    "cli/commands/export.py": "configuration: data, escaped, in clear",
    "cli/commands/completion.py": "a script of click's",
    "cli/commands/schema.py": "our own schemas",
}
"""Who may call a text finished (Shown), and why."""

_STREAMS = {"stdout", "stderr", "__stdout__", "__stderr__"}
_LOGGING = {"basicConfig", "StreamHandler", "FileHandler", "lastResort"}


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCES.rglob("*.py")):
        name = path.relative_to(SOURCES).as_posix()
        if "scaffold" not in name:  # scripts of other people's repositories
            yield name, ast.parse(path.read_text(encoding="utf-8"))


def called(node: ast.Call) -> tuple[str, str]:
    """What a call names: its function, and before the dot the last name of the object."""
    function = node.func
    if isinstance(function, ast.Name):
        return "", function.id
    if isinstance(function, ast.Attribute):
        owner = function.value
        last = (
            owner.attr
            if isinstance(owner, ast.Attribute)
            else owner.id
            if isinstance(owner, ast.Name)
            else ""
        )
        return last, function.attr
    return "", ""


def writes(node: ast.Call) -> bool:
    owner, name = called(node)
    return (
        (owner, name) == ("", "print")
        or (owner == "click" and name in {"echo", "secho", "echo_via_pager"})
        or (owner in _STREAMS and name in {"write", "writelines"})
        or name in _LOGGING
        or (owner == "traceback" and name.startswith("print"))
        or (owner == "warnings" and name == "warn")
    )


def test_nothing_writes_to_the_streams_but_the_console() -> None:
    found = {
        f"{name}:{node.lineno}"
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and writes(node) and name not in WRITERS
    }
    assert found == set()


def test_nothing_calls_a_text_finished_but_who_has_a_reason() -> None:
    found = {
        name
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called(node)[1] == "Shown"
    }
    assert found == set(FINISHED)


NUMBERS = [
    "12125550101",
    "12125550102",
    "12125550103",
    "12125550104",
    "12125550105",
    "12125550106",
    "12125550107",
]
SPELT = [
    "+12125550101",
    "+1 (212) 555-0102",
    "12125550103",
    "0012125550104",
    "212.555.0105",
    "+12125550106".translate(str.maketrans("0123456789", "０１２３４５６７８９")),
    "%2B12125550107",
]
PASSWORDS = ["hunter2x1", "hunter2x2", "hunter2x3", "hunter2x4", "hunter2x5"]
POISON = (
    "\x1b[31m\x9b31m \u202e \u2066 \u200b ::error::owned ##[error]owned ##vso[x]y"
    " <script>alert(1)</script> | `x` [a](b) @all =cmd()"
)
CONFIGURATION = f"""version: 1
queues:
  poison: {{friendly_name: "call {SPELT[3]} or {SPELT[4]}"}}
  plain: {{friendly_name: "say {SPELT[5]}"}}
  call_{NUMBERS[0]}: {{max_size: 20}}
conferences:
  room_{NUMBERS[1]}: {{friendly_name: other}}
  room:
    friendly_name: "room {SPELT[2]}"
    settings: {{wait_url: "https://bob:{PASSWORDS[0]}@example.com/wait?to={SPELT[6]}"}}
    participants:
      anna:
        to: "sip:{NUMBERS[2]}@pbx.example.com;password={PASSWORDS[1]}"
        from: "{SPELT[0]}"
calls:
  to_{NUMBERS[2]}:
    to: ["{SPELT[0]}"]
    from: "+12125550109"
    schedule: {{at: 2036-12-01T09:00:00, timezone: America/New_York}}
    answer: {{queue: call_{NUMBERS[0]}}}
  reminder:
    to: ["{SPELT[0]}", "{SPELT[1]}", "sip:bob:{PASSWORDS[2]}@pbx.example.com"]
    from: "+12125550109"
    schedule: {{at: 2036-12-01T09:00:00, timezone: America/New_York}}
    answer: {{say: "ask {SPELT[2]} at https://{PASSWORDS[3]}@example.com/"}}
    status_callback: {{url: "https://example.com/cb?sig={PASSWORDS[4]}", events: [completed]}}
retention:
  recordings:
    - {{name: about_{NUMBERS[3]}, match: {{number: ["{SPELT[0]}"]}}, keep: 90d}}
    - {{name: everything, keep: 90d}}
  call_records:
    - {{name: cdr_{NUMBERS[4]}, keep: 90d}}
  holds:
    case_{NUMBERS[5]}: {{reason: litigation, match: {{number: ["{SPELT[0]}"]}}}}
    case:
      reason: "{SPELT[1]} sued; see https://{PASSWORDS[3]}@example.com/"
      match: {{from: ["{SPELT[0]}"]}}
"""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def raw(text: str, *, annotations: bool = False) -> list[str]:
    """What a terminal or a CI runner would obey in it."""
    found = [repr(char) for char in _CONTROL.findall(text)]
    found += re.findall(r"##[A-Za-z]*\[.{0,20}", text)
    return found if annotations else found + re.findall(r"(?m)^\s*::.{0,20}", text)


def clear(text: str) -> list[str]:
    """The numbers and passwords that can be read in it."""
    digits = re.sub(r"[^0-9]", "", "".join(str(int(c)) if c.isdecimal() else c for c in text))
    found = [number for number in [*NUMBERS, "12125550109"] if number[1:9] in digits]
    return found + [password for password in PASSWORDS if password in text]


@pytest.fixture
def poisoned(stack: Stack, emulator: Emulator) -> Stack:
    stack.write(CONFIGURATION)
    stack.account.post("Queues.json", FriendlyName=f"live {SPELT[4]} {POISON}"[:60])
    for index, name in enumerate([POISON[:55], f"{SPELT[1]} =x", f"https://bob:{PASSWORDS[0]}@example.com/"]):
        stack.account.post("Queues.json", FriendlyName=f"{name}{index}")
    return stack


FOR_PEOPLE = [
    *(f"validate --format {form}" for form in ("text", "json", "github", "sarif")),
    *(f"plan --format {form}" for form in ("text", "json", "markdown", "html")),
    *(f"plan --base . --format {form}" for form in ("text", "json", "markdown", "html")),
    *(f"show saved.json --format {form}" for form in ("text", "json", "markdown", "html")),
    "plan --destroy",
    "drift",
    "schedule --start 2036-11-30 --end 2036-12-03",
    "schedule --start 2036-11-30 --end 2036-12-03 --format json",
    "schedule --start 2036-11-30 --end 2036-12-03 --format ics",
    "prune --dry-run",
    "prune --dry-run --format json",
    "calls list",
    "calls list --format json",
    "dispatch --once",
    "dispatch --once --format json",
    "state list",
    "state list --format json",
    *(f"state show {name}" for name in ("queue.poison", "conference.room", "call.reminder")),
    "lock show",
    "lock show --format json",
    "undo",
    "undo --format json",
    f"state mv queue.call_{NUMBERS[0]} queue.call_{NUMBERS[1]}",
    "plan",
    "plan --format json",
    "import queue.poison QU00000000000000000000000000000000",
    "calls resolve call.reminder 2036-12-01T14:00:00Z --not-placed --to 12125550101",
    "state show queue.call_12125550101",
    "apply --auto-approve --target queue.+12125550101",
    f"--state postgresql://bob:{PASSWORDS[0]}@127.0.0.1:1/none plan",
    f"--state postgresql://bob:{PASSWORDS[0]}/x@127.0.0.1:1/none state list",
    f"--base-url https://bob:{PASSWORDS[0]}@example.com plan",
    f"--state nosuch://bob:{PASSWORDS[0]}@example.com plan",
    f"-f {SPELT[0]}.yaml validate",
]
DATA = ["state pull", "export", "twiml conference.room", "twiml call.reminder"]


def problems(command: str, done: Result) -> list[str]:
    """What is wrong with what a command wrote."""
    out = done.out.replace("\r\n", "\n").replace("\n ", "") if "ics" in command else done.out
    found = [f"{command}: stdout: {item}" for item in raw(out, annotations="github" in command) + clear(out)]
    found += [f"{command}: stderr: {item}" for item in raw(done.err) + clear(done.err)]
    return found + ([f"{command}: {done.err}"] if "failed unexpectedly" in done.err else [])


def test_no_command_shows_anything_raw_or_in_clear(poisoned: Stack) -> None:
    files = [poisoned.folder / "report.json", poisoned.folder / "metrics.prom"]
    found = []
    for form in ("text", "json"):
        words = ("apply", "--auto-approve", "--format", form, "--report-json", str(files[0]))
        done = poisoned.run(*words, "--metrics", str(files[1]))
        found += problems(f"apply --format {form}", done)
    found += [
        f"{path.name}: {item}" for path in files for item in raw(path.read_text()) + clear(path.read_text())
    ]
    saved = poisoned.folder / "saved.json"
    poisoned.run("plan", "--destroy", "--out", str(saved))
    for command in FOR_PEOPLE:
        found += problems(command, poisoned.run(*command.replace("saved.json", str(saved)).split()))
    assert found == []


def test_a_page_of_evidence_shows_nothing_in_clear(poisoned: Stack) -> None:
    recording = {"date_created": "2020-01-01T00:00:00Z", "duration": 10, "source": "OutboundAPI"}
    requests.post(
        f"{poisoned.emulator.url}/_emulator/seed",
        json={"account_sid": ACCOUNT, "recordings": [recording]},
        timeout=10,
    ).raise_for_status()
    poisoned.write(
        f"""retention:
  recordings:
    - {{name: about_{NUMBERS[3]}, keep: 90d}}
"""
    )
    poisoned.environ["GITHUB_ACTOR"] = f"{SPELT[1]} {POISON[:20]}"
    poisoned.ok("prune", "--auto-approve", "--approve", "delete:recording=1")
    (page,) = (poisoned.folder / "evidence").glob("*.html")
    text = page.read_text()
    assert raw(text) + clear(text) == []
    assert "about_•••••0104" in text


@pytest.mark.parametrize("command", DATA)
def test_documents_that_are_data_are_escaped(poisoned: Stack, command: str) -> None:
    poisoned.apply()
    done = poisoned.ok(*command.split())
    assert done.out
    assert raw(done.out) + raw(done.err) + clear(done.err) == []


def test_numbers_are_shown_where_they_were_asked_for_and_passwords_never(poisoned: Stack) -> None:
    poisoned.apply()
    for command in (
        "plan --destroy --show-numbers",
        "calls list --show-numbers",
        "state show call.reminder --show-numbers",
    ):
        done = poisoned.run(*command.split())
        assert "+12125550101" in done.out
        assert raw(done.out) == []
        assert [password for password in PASSWORDS if password in done.out + done.err] == []
