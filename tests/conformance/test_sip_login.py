"""The password of a SIP login: told to Twilio, and to nobody and nothing else."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest

from tests.cli.calling import Timeline
from tests.hostile.proxy import hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import answer
from voiceform.model.clock import ManualClock

PASSWORD = "zebra7q & okapi9w"
BEFORE, DUE = datetime(2026, 12, 1, 13, tzinfo=UTC), datetime(2026, 12, 1, 14, 0, 5, tzinfo=UTC)
CONFIG = """
conferences:
  standup:
    start: true
    participants:
      desk:
        to: "sip:desk@example.com"
        from: "+15017122661"
        sip_auth: {username: acme, password: "${SIP_PASSWORD}"}
calls:
  pulse:
    to: ["sip:anna@example.com", "+12125550101"]
    from: "+15017122661"
    schedule: {at: 2026-12-01T09:00:00, timezone: America/New_York}
    answer: {say: Hello}
    sip_auth: {username: acme, password: "${SIP_PASSWORD}"}
retention:
  evidence: evidence
  recordings: [{name: all, keep: 90d}]
"""


@pytest.fixture
def time(stack: Stack) -> Timeline:
    stack.environ["SIP_PASSWORD"] = PASSWORD
    stack.write(CONFIG)
    return Timeline(stack)


def spellings() -> list[str]:
    """How it would look where it were quoted; either word alone would be a leak."""
    return ["zebra7q", "okapi9w", quote_plus(PASSWORD)]


def leaks(text: str) -> list[str]:
    return [word for word in spellings() if word.lower() in text.lower()]


def files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def in_files(folder: Path) -> list[str]:
    """The files that hold it, whatever wrote them."""
    return [str(path) for path in files(folder) if leaks(path.read_bytes().decode("utf-8", errors="replace"))]


FORMATS = ("text", "json", "markdown", "html")
LOOKS = [
    *(f"validate --format {form}" for form in ("text", "json", "github", "sarif")),
    *(f"plan --format {form} --show-values --show-numbers" for form in FORMATS),
    *(f"plan --destroy --format {form} --show-values" for form in FORMATS),
    *(f"drift --format {form}" for form in FORMATS),
    *(f"show saved.json --format {form} --show-values" for form in FORMATS),
    *(f"schedule --format {form}" for form in ("text", "json", "ics")),
    *(f"schedule --who --format {form}" for form in ("text", "json")),
    *(f"calls list --format {form} --show-numbers" for form in ("text", "json")),
    *(f"status --format {form}" for form in ("text", "json")),
    *("state list", "state pull", "state show call.pulse", "state show conference.standup"),
    *("export", "undo", "runs", "lock show", "twiml call.pulse --show-values", "rooms"),
    *("prune --dry-run", "explain ignored-setting"),
]


def told(time: Timeline, moment: datetime, *argv: str) -> list[str]:
    """What one command lets out, with all that it says about itself."""
    done = time.at(moment, "-v", *argv)
    assert "failed unexpectedly" not in done.err, done.err
    return [f"{argv}: {word}" for word in leaks(done.out + done.err)]


def look(time: Timeline, moment: datetime) -> list[str]:
    found = []
    for command in LOOKS:
        words = [
            str(time.stack.folder / word) if word.endswith(".json") else word for word in command.split()
        ]
        found += told(time, moment, *words)
    return found


def test_it_is_in_nothing_that_is_shown_or_kept(time: Timeline, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    folder = time.stack.folder
    saved, report = str(folder / "saved.json"), str(folder / "report.json")
    found = told(time, BEFORE, "plan", "--out", saved)
    found += look(time, BEFORE)
    found += told(time, BEFORE, "apply", "--auto-approve", "--report-json", report, "--approve", "call=9")
    found += look(time, BEFORE)
    for form in ("text", "json"):
        found += told(time, DUE, "dispatch", "--once", "--format", form)
    found += told(time, DUE, "prune", "--auto-approve")
    found += look(time, DUE)
    assert found == []
    assert in_files(folder) == []
    assert leaks(caplog.text) == []
    passwords = [
        (entry["operation"], entry["params"]["To"], entry["params"].get("SipAuthPassword"))
        for entry in time.stack.emulator.requests()
        if entry["method"] == "POST"
    ]
    assert sorted(passwords) == [
        ("createCall", "+12125550101", None),
        ("createCall", "sip:anna@example.com", PASSWORD),
        ("createParticipant", "sip:desk@example.com", PASSWORD),
    ]


@pytest.mark.parametrize(
    ("status", "quoted"),
    [
        *((status, PASSWORD) for status in (400, 403, 422, 500, 502)),
        *((status, quote_plus(PASSWORD)) for status in (400, 502)),
        *((status, PASSWORD.replace("&", "&amp;")) for status in (400, 502)),
    ],
)
def test_an_answer_that_quotes_it_leaves_no_trace(
    status: int, quoted: str, time: Timeline, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    stack = time.stack
    found = told(time, BEFORE, "apply", "--auto-approve", "--target", "call.pulse")
    body = json.dumps({"code": 21223, "message": f"cannot use {quoted}", "status": status, "more_info": ""})
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        proxy.rule("POST", r"/(Calls|Participants)\.json", answer(status, raw=body.encode()), body="SipAuth")
        found += told(time, DUE, "dispatch", "--once")
        found += told(
            time, DUE, "apply", "--auto-approve", "--report-json", str(stack.folder / "report.json")
        )
    found += look(time, DUE)
    assert found == []
    assert in_files(stack.folder) == []
    assert leaks(caplog.text) == []


def test_without_the_variable_nobody_is_called_and_the_message_says_why(time: Timeline) -> None:
    stack = time.stack
    time.apply(BEFORE, "--target", "call.pulse")
    del stack.environ["SIP_PASSWORD"]
    done = time.at(BEFORE, "dispatch", "--once")
    assert done.code == 5
    assert "nobody with a sip: address will be called" in done.out + done.err
    done = time.at(DUE, "dispatch", "--once")
    assert done.code == 5
    assert "${SIP_PASSWORD}, and that variable is not set here" in done.out + done.err
    assert [number for number in time.placed() if number.startswith("sip:")] == []
    done = time.at(DUE, "calls", "test", "call.pulse", "--to", "sip:anna@example.com", "--auto-approve")
    assert done.code == 4
    assert "${SIP_PASSWORD}" in done.out + done.err
    assert [number for number in time.placed() if number.startswith("sip:")] == []
    (stack.folder / "secrets.env").write_text(f"SIP_PASSWORD='{PASSWORD}'\n", encoding="utf-8")
    soon = DUE + timedelta(minutes=2)
    done = time.at(soon, "--env-file", str(stack.folder / "secrets.env"), "dispatch", "--once")
    assert done.code == 0, done.out + done.err
    assert sorted(time.placed()) == ["+12125550101", "sip:anna@example.com"]


def test_a_saved_plan_phones_nobody_without_the_variable(time: Timeline) -> None:
    stack = time.stack
    saved = str(stack.folder / "saved.json")
    time.at(BEFORE, "plan", "--out", saved, "--target", "conference.standup")
    environ = {name: value for name, value in stack.environ.items() if name != "SIP_PASSWORD"}
    stack.emulator.clock(now=BEFORE.isoformat())
    done = stack.run("apply", saved, "--auto-approve", clock=ManualClock(BEFORE), environ=environ)
    assert done.code == 5
    assert "${SIP_PASSWORD}" in done.out + done.err
    assert stack.emulator.requests("createParticipant") == []
    time.apply(BEFORE, "--target", "conference.standup")
    assert len(stack.emulator.requests("createParticipant")) == 1


def test_another_password_is_no_change_and_another_variable_is(time: Timeline) -> None:
    stack = time.stack
    time.apply(BEFORE, "--target", "call.pulse")
    stack.environ["SIP_PASSWORD"] = "another"
    words = ("plan", "--detailed-exitcode", "--target", "call.pulse")
    assert time.at(BEFORE, *words).code == 0
    stack.environ["NEW_PASSWORD"] = "another"
    stack.write(CONFIG.replace("SIP_PASSWORD", "NEW_PASSWORD"))
    done = time.at(BEFORE, *words)
    assert done.code == 2
    assert 'sip_auth.password_variable: "SIP_PASSWORD" -> "NEW_PASSWORD"' in done.out


def test_it_is_exported_as_it_was_declared(time: Timeline) -> None:
    time.apply(BEFORE, "--approve", "call=9")
    text = time.at(BEFORE, "export").out
    assert text.count("${SIP_PASSWORD}") == 2, text
    time.stack.write(text)
    assert time.at(BEFORE, "plan", "--detailed-exitcode", "--target", "call.pulse").code == 0


def test_a_digest_of_the_configuration_does_not_tell_it(time: Timeline) -> None:
    def digest(password: str) -> Any:
        time.stack.environ["SIP_PASSWORD"] = password
        return time.at(BEFORE, "plan", "--format", "json").json["config"]["digest"]

    assert digest("one") == digest("two")
