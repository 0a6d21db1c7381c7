"""What the API, or whoever answers in its place, writes into messages: shown redacted, masked and escaped."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests

from tests.conformance.test_outputs import NUMBERS, PASSWORDS, POISON, SPELT, clear, raw
from tests.hostile.proxy import hostile_proxy
from tests.support import ACCOUNT, Stack
from tests.twilio.scripted import answer

MESSAGE = (
    f"'To' {SPELT[0]} at sip:bob:{PASSWORDS[0]}@pbx.example.com, {SPELT[1]} and {SPELT[4]} is wrong, see "
    f"https://bob:{PASSWORDS[1]}@example.com/?token={PASSWORDS[2]} with Bearer {PASSWORDS[3]}x "
    f"{POISON}\n::error::x"
)
JSON = "application/json"
ANSWERS = {
    "a message": answer(400, {"code": 21211, "message": MESSAGE, "status": 400}, Content_Type=JSON),
    "a long message": answer(400, {"code": 21211, "message": "x" * 300 + MESSAGE}, Content_Type=JSON),
    "other types": answer(400, {"code": MESSAGE, "message": [MESSAGE], "status": MESSAGE}, Content_Type=JSON),
    "a page": answer(403, raw=MESSAGE.encode(), Content_Type="text/html"),
    "a redirect": answer(307, Location=f"https://bob:{PASSWORDS[0]}@example.com/?to={SPELT[6]}"),
    "a request id": answer(400, {"code": 1}, Content_Type=JSON, Twilio_Request_Id=f"RQ{SPELT[0]} ::error"),
    "a status line": (
        f"HTTP/1.1 400 {SPELT[0]} https://bob:{PASSWORDS[0]}@example.com/\r\nContent-Length: 0\r\n\r\n"
    ).encode(),
}
CONFIGURATION = f"""version: 1
queues: {{a: {{max_size: 5}}}}
calls:
  x:
    to: ["+1{NUMBERS[0][1:]}"]
    from: "+12125550109"
    schedule: {{cron: "* * * * *", timezone: UTC}}
    misfire_grace: 10m
    answer: {{say: hello}}
retention: {{recordings: [{{name: all, keep: 90d}}]}}
safety: {{max_delete_percent: 100}}
"""
COMMANDS = (
    "apply --auto-approve --approve delete:recording=1 --report-json report.json",
    "apply --auto-approve --approve delete:recording=1 --format json",
    "prune --auto-approve --approve delete:recording=1 --format json",
    "dispatch --once",
    "dispatch --once --format json",
    "calls list",
    "undo",
    "plan",
    "export",
)
DATA = "export"
"""The one whose output is a document with numbers in clear."""


@pytest.mark.parametrize("verbs", ["POST|DELETE", "GET"])
@pytest.mark.parametrize("name", ANSWERS)
def test_no_message_of_an_answer_is_shown_raw_or_in_clear(stack: Stack, name: str, verbs: str) -> None:
    recording = {"date_created": "2020-01-01T00:00:00Z", "duration": 10}
    requests.post(
        f"{stack.emulator.url}/_emulator/seed",
        json={"account_sid": ACCOUNT, "recordings": [recording]},
        timeout=10,
    ).raise_for_status()
    stack.write(CONFIGURATION)
    report = stack.folder / "report.json"
    found = []
    with hostile_proxy(stack.emulator.url) as proxy:
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        for verb in verbs.split("|"):
            proxy.rule(verb, "/2010-04-01/", ANSWERS[name])
        for command in COMMANDS:
            done = stack.run("--timeout", "2s", *command.replace("report.json", str(report)).split())
            assert "failed unexpectedly" not in done.err
            found += [f"{command}: {item}" for text in (done.out, done.err) for item in raw(text)]
            told = done.err if command == DATA else done.out + done.err
            found += [f"{command}: {item}" for item in leaks(told)]
    found += [f"{path}: {item}" for path in written(stack.folder) for item in leaks(path.read_text())]
    assert found == []


def leaks(text: str) -> list[str]:
    return [item for line in text.splitlines() for item in clear(line)]


def written(folder: Path) -> list[Path]:
    return [folder / "report.json", *(folder / "evidence").glob("*.*")]
