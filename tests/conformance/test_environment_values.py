"""What the environment gave to a configuration: whatever place it stands in, no command and format shows it
unless the schema says that the place holds no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.calling import Timeline
from tests.support import Result, Stack
from voiceform.config.schema import ConfigSchema

CANARY, LATER = "zebra7q&b", "okapi9w'c"
BEFORE, DUE = datetime(2026, 12, 1, 13, 0, tzinfo=UTC), datetime(2026, 12, 1, 14, 0, 5, tzinfo=UTC)
SCHEDULE = "schedule: {at: 2026-12-01T09:00:00, timezone: America/New_York}"

STACK = f"""
queues:
  support: {{friendly_name: "${{TEAM}} support", description: "${{CANARY}}", owner: "${{CANARY}}"}}
conferences:
  standup:
    friendly_name: "${{TEAM}} room"
    description: "${{CANARY}}"
    owner: "${{CANARY}}"
    settings:
      wait_url: "https://wait.example.com/${{CANARY}}?a=1"
      status_callback: "https://one.example.com/?pin=${{PIN}}"
      recording_status_callback: "https://two.example.com/?pin=${{CANARY}}"
      event_callback_url: "https://three.example.com/${{CANARY}}"
      recording_configuration_id: "${{CANARY}}"
    participants:
      bridge:
        to: "sip:x@${{HOST}}"
        from: "${{NUMBER}}"
        recording: {{configuration: "${{CANARY}}", callback: {{url: "https://six.example.com/${{CANARY}}"}}}}
        machine_detection: {{mode: Enable, callback: {{url: "https://seven.example.com/${{CANARY}}"}}}}
        status_callback: {{url: "https://eight.example.com/${{CANARY}}"}}
        hold_url: "https://eleven.example.com/${{CANARY}}"
        wait_url: "https://twelve.example.com/${{CANARY}}"
        announce: {{url: "https://thirteen.example.com/${{CANARY}}"}}
        caller_id: "client:${{HOST}}"
        caller_display_name: "${{CANARY}}"
        call_reason: "${{CANARY}}"
        client_notification_url: "https://nine.example.com/${{CANARY}}"
        sip_auth: {{username: "${{CANARY}}", password: "${{SIP}}"}}
    announce: {{url: "${{URL}}"}}
calling_rules:
  - name: closed
    hours:
      weekly: {{mon-sun: ["00:00-24:00"]}}
      except: [{{csv: "lists/days-${{CANARY}}.csv", column: "${{CANARY}}"}}]
calls:
  spoken:
    description: "${{CANARY}}"
    owner: "${{CANARY}}"
    to: ["client:${{HOST}}", "${{NUMBER}}"]
    from: "client:me-${{HOST}}"
    {SCHEDULE}
    answer: {{say: "Dear ${{CANARY}}"}}
    do_not_call: [{{file: "lists/${{CANARY}}.csv", column: "${{CANARY}}", expires: "${{CANARY}}"}}]
    reassigned:
      csv: "lists/answers-${{CANARY}}.csv"
      column: "${{CANARY}}"
      consent: "on ${{CANARY}}"
      answer: "is ${{CANARY}}"
    status_callback: {{url: "https://four.example.com/${{CANARY}}"}}
    recording: {{configuration: "${{CANARY}}", callback: {{url: "https://six.example.com/${{CANARY}}"}}}}
    machine_detection: {{mode: Enable, async: true, callback: {{url: "https://ten.example.com/${{CANARY}}"}}}}
    fallback: {{url: "https://seven.example.com/${{CANARY}}"}}
    call_reason: "${{CANARY}}"
    client_notification_url: "https://nine.example.com/${{CANARY}}"
  more:
    to: ["client:${{HOST}}", "sip:y@${{HOST}}"]
    from: "+15017122661"
    {SCHEDULE}
    answer: {{say: {{text: "${{CANARY}}"}}}}
    send_digits: "${{DIGITS}}"
    caller_id: "client:${{HOST}}"
    sip_auth: {{username: "${{CANARY}}", password: "${{SIP}}"}}
  told:
    to: {{csv: "lists/${{CANARY}}.csv", column: "${{CANARY}}"}}
    from: "+15017122661"
    {SCHEDULE}
    answer: {{twiml: "<Response><Enqueue>${{TWIML}}</Enqueue></Response>"}}
    do_not_call: "lists/${{CANARY}}.txt"
  asked:
    to: "${{NUMBER}}"
    from: "+15017122661"
    {SCHEDULE}
    answer: {{url: "https://five.example.com/${{CANARY}}"}}
    do_not_call: ["lists/${{CANARY}}.txt"]
  alone:
    to: "+15558675312"
    from: "+15017122661"
    {SCHEDULE}
    answer: {{conference: standup}}
    do_not_call: {{file: "lists/${{CANARY}}.csv", column: "${{CANARY}}", expires: "${{CANARY}}"}}
retention:
  evidence: "evidence-${{CANARY}}"
  prices: "prices-${{CANARY}}.json"
  recordings:
    - name: x
      description: "${{CANARY}}"
      owner: "${{CANARY}}"
      keep: 90d
      match: {{from: ["client:${{CANARY}}"], to: ["client:${{CANARY}}"], number: ["client:${{CANARY}}"]}}
      archive: {{to: "file:///tmp/archive-${{HOST}}"}}
  call_records:
    - name: y
      description: "${{CANARY}}"
      owner: "${{CANARY}}"
      keep: 90d
      match: {{from: ["client:${{CANARY}}"], to: ["client:${{CANARY}}"], number: ["client:${{CANARY}}"]}}
  holds:
    h:
      description: "${{CANARY}}"
      owner: "${{CANARY}}"
      reason: "the case of ${{CANARY}}"
      match: {{from: ["client:${{CANARY}}"], to: ["client:${{CANARY}}"], number: ["client:${{CANARY}}"]}}
"""


def environment(stack: Stack, canary: str) -> None:
    """The variables of STACK, and the files that it names."""
    word = canary[:7]
    stack.environ.update(
        CANARY=canary,
        HOST=f"{word}.example.com",
        URL=f"https://{word}.example.com/notice",
        TWIML=canary.replace("&", "&amp;"),
        PIN=canary[:3],
        TEAM="acme",
        SIP=canary,
        DIGITS="4711",
        NUMBER="+15558675310",
    )
    for name, text in (
        (f"lists/{canary}.csv", f"{canary}\n+15558675319\n"),
        (
            f"lists/answers-{canary}.csv",
            f"{canary},on {canary},is {canary}\n+15558675310,2025-01-31,no\n",
        ),
        (f"lists/{canary}.txt", "+15558675319\n"),
        (f"lists/days-{canary}.csv", f"{canary}\n2026-12-24\n"),
        (f"prices-{canary}.json", '{"as_of": "2026-01-01", "storage_per_minute_month": 0.0005}'),
    ):
        path = stack.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def secretive(stack: Stack) -> Stack:
    """STACK, with its first canary."""
    environment(stack, CANARY)
    stack.write(STACK)
    return stack


def leaks(text: str) -> list[str]:
    """Where a canary is, or what begins as one."""
    found = []
    for word in (CANARY[:7], LATER[:7]):
        at = text.lower().find(word)
        if at >= 0:
            found.append(text[max(0, at - 80) : at + 40])
    return found


def problems(command: str, done: Result) -> list[str]:
    found = [f"{command}: {item}" for item in leaks(done.out + done.err)]
    return found + ([f"{command}: {done.err}"] if "failed unexpectedly" in done.err else [])


PLANS = ("text", "json", "markdown", "html")
LOOKS = [
    *(f"validate --format {form}" for form in ("text", "json", "github", "sarif")),
    *(f"plan --format {form} --report-json report.json --force" for form in PLANS),
    *(f"plan --destroy --format {form}" for form in PLANS),
    *(f"plan --base base.yaml --format {form}" for form in PLANS),
    *(f"drift --format {form}" for form in PLANS),
    *(f"show saved.json --format {form}" for form in PLANS),
    *(f"schedule --format {form}" for form in ("text", "json", "ics")),
    *(f"calls list --format {form}" for form in ("text", "json")),
    *(f"schedule --who --format {form}" for form in ("text", "json")),
    "prune --dry-run",
    *(f"recordings --format {form}" for form in ("table", "csv", "json")),
    "prune verify evidence",
    "state list",
    "lock show",
    "export",
    "undo",
    "runs",
    *(f"status --format {form}" for form in ("text", "json")),
    "twiml conference.standup",
    "twiml call.told",
    *(f"state show {address}" for address in ("queue.support", "conference.standup")),
    *(f"state show call.{name}" for name in ("spoken", "more", "told", "asked", "alone")),
    *(f"state show retention.{name}" for name in ("recordings.x", "call_records.y", "holds.h")),
]


def look(time: Timeline, moment: datetime) -> list[str]:
    """What every command that looks shows of the canaries."""
    found = []
    for command in LOOKS:
        words = [
            str(time.stack.folder / word) if word.endswith((".json", ".yaml")) else word
            for word in command.split()
        ]
        done = time.at(moment, *words)
        assert done.code != 64 or words[0] == "twiml", done.err
        found += problems(command, done)
    return found + leaks((time.stack.folder / "report.json").read_text())


def test_no_command_shows_what_the_environment_gave_in_a_place_that_may_be_secret(secretive: Stack) -> None:
    time, report = Timeline(secretive), secretive.folder / "applied.json"
    secretive.write("{}", "base.yaml")
    found = problems("plan", time.at(BEFORE, "plan", "--out", str(secretive.folder / "saved.json")))
    assert CANARY in json.dumps(json.loads((secretive.folder / "saved.json").read_text()), ensure_ascii=False)
    for form in ("text", "json"):
        words = ("apply", "--auto-approve", "--format", form, "--report-json", str(report), "--force")
        done = time.at(BEFORE, *words)
        assert done.code == 0, done.out + done.err
        found += problems(f"apply {form}", done) + leaks(report.read_text())
    assert CANARY[:7] in time.at(BEFORE, "state", "pull").out
    found += look(time, BEFORE)
    for form in ("text", "json"):
        found += problems(f"dispatch {form}", time.at(DUE, "dispatch", "--format", form))
    sent = json.dumps(secretive.emulator.requests("createCall"))
    assert CANARY[:7] in sent
    assert "https://four.example.com/" + CANARY in sent
    assert found == []


def test_what_was_recorded_earlier_is_not_shown_later(secretive: Stack) -> None:
    time = Timeline(secretive)
    secretive.write("{}", "base.yaml")
    time.at(BEFORE, "apply", "--auto-approve")
    environment(secretive, LATER)
    done = time.at(BEFORE, "plan", "--out", str(secretive.folder / "saved.json"), "--target", "conference.*")
    assert 'announce.url: "${URL}" -> "${URL} (changed)"' in done.out
    found = problems("plan", done)
    found += look(time, BEFORE)
    found += problems("apply", time.at(BEFORE, "apply", str(secretive.folder / "saved.json")))
    runs = json.loads(time.at(BEFORE, "undo", "--format", "json").out)["runs"]
    for run in runs:
        for form in PLANS:
            found += problems("undo", time.at(BEFORE, "undo", run["run_id"], "--format", form))
        for form in ("text", "json"):
            found += problems("runs", time.at(BEFORE, "runs", run["run_id"], "--format", form))
    secretive.write("queues: {}")
    found += look(time, BEFORE)
    done = time.at(BEFORE, "apply", "--auto-approve", "--approve", "delete:call=9")
    found += problems("apply", done)
    assert found == []


@pytest.mark.parametrize("key", ["do_not_call: 'lists/${CANARY}'", "reassigned: {csv: 'lists/${CANARY}'}"])
@pytest.mark.parametrize("form", PLANS)
def test_a_warning_about_what_is_not_changed_does_not_show_it(key: str, form: str, stack: Stack) -> None:
    called = "{to: '+12125550101', from: '+15017122661', schedule: {cron: '0 9 * * *', timezone: UTC}"
    stack.write(f"calls: {{a: {called}, answer: {{say: hi}}, {key}}}}}")
    environ = {**stack.environ, "CANARY": CANARY}
    assert stack.run("apply", "--auto-approve", environ=environ).code == 0
    for command in (["drift"], ["plan"], ["plan", "--refresh-only"]):
        done = stack.run(*command, "--format", form, environ=environ)
        assert "${CANARY}" in done.out
        assert problems(" ".join(command), done) == []


def test_names_and_whatever_else_is_no_secret_stay_readable(secretive: Stack) -> None:
    out = " ".join(secretive.run("plan").out.split())
    assert 'friendly_name: "acme support"' in out
    assert 'friendly_name: "acme room"' in out
    assert '"https://one.example.com/?pin=${PIN}"' in out
    assert '"+1•••••5310"' in out
    assert "Dear ${CANARY}" in out


def test_values_are_shown_to_whoever_asks(secretive: Stack) -> None:
    plan = secretive.run("plan", "--show-values").out
    assert f"https://wait.example.com/{CANARY}" in plan
    assert "+1•••••5310" in plan
    assert CANARY.replace("&", "&amp;") in secretive.ok("twiml", "call.told", "--show-values").out
    assert secretive.run("twiml", "call.told").code == 64


def test_a_default_that_stood_in_is_shown(stack: Stack) -> None:
    stack.write('conferences: {room: {settings: {wait_url: "${NOTHING:-https://hold.example.com/a}"}}}')
    assert "https://hold.example.com/a" in stack.run("plan").out


def test_a_digest_does_not_tell_a_value(secretive: Stack) -> None:
    first = secretive.run("plan", "--format", "json").json
    environment(secretive, LATER)
    later = secretive.run("plan", "--format", "json").json
    assert first["config"]["digest"] == later["config"]["digest"]
    assert first["review_digest"] == later["review_digest"]


def secretable(schema: ConfigSchema, node: Any, path: str = "") -> Iterator[str]:
    """The paths of every text in the schema that does not say that it may be shown."""
    node = schema.resolve(node)
    if node.get("x-public") is True or "enum" in node or "enum" in node.get("else", ()):
        return
    types = {str(part) for part in [node.get("type"), node.get("else", {}).get("type")] if part}
    if any("string" in item for item in types):
        yield path
    for part in node.get("oneOf", ()):
        if set(part) - {"required"}:
            yield from secretable(schema, part, path)
    for key, inner in node.get("properties", {}).items():
        yield from secretable(schema, inner, f"{path}.{key}")
    if isinstance(node.get("additionalProperties"), dict):
        yield from secretable(schema, node["additionalProperties"], f"{path}.*")
    if isinstance(node.get("items"), dict):
        yield from secretable(schema, node["items"], f"{path}[]")


def filled(node: Any, path: str = "") -> Iterator[str]:
    """The paths of texts that refer to a variable, with `*` for the names of objects."""
    if isinstance(node, str) and "${" in node:
        yield path
    elif isinstance(node, list):
        for item in node:
            yield from filled(item, f"{path}[]")
    elif isinstance(node, dict):
        named = path.count(".") == 1 or path.endswith((".participants", ".holds"))
        named = named and path not in (".retention",) and not path.endswith("[]")
        for key, item in node.items():
            yield from filled(item, f"{path}.{'*' if named else key}")


def test_every_text_of_the_schema_is_public_or_tried_here() -> None:
    schema = ConfigSchema.load()
    places = set(secretable(schema, schema.root))
    tried = set(filled(yaml.safe_load(STACK)))
    assert {place for place in places if place not in tried} == set()
    assert len(places) > 30


def test_the_plan_file_is_its_owners(secretive: Stack, tmp_path: Path) -> None:
    secretive.run("plan", "--out", str(tmp_path / "saved.json"))
    assert (tmp_path / "saved.json").stat().st_mode & 0o777 == 0o600
