"""A stack, an account and an environment that hold a canary wherever one can stand, and every command with
its formats as they are tried on it."""

from __future__ import annotations

import base64
import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, quote

import click

from tests.secrets.canaries import NUMBERS, SECRETS, WEBHOOK
from tests.support import Stack
from tests.twilio.scripted import Seen, answer
from voiceform.cli.table import COMMANDS

SENT, PUNCTUATED, BARE, PREFIXED, DOTTED, WIDE, ENCODED = NUMBERS
OURS = "+15005550006"
BEFORE, DUE = datetime(2026, 12, 1, 13, tzinfo=UTC), datetime(2026, 12, 1, 14, 0, 5, tzinfo=UTC)
KEY = "SK" + "5" * 32
LOGIN, PARAMETER, SIP = (
    SECRETS[f"a {what}"] for what in ("url's login", "url's parameter", "sip uri's password")
)
URL = f"https://hook:{LOGIN}@hooks.example/cb?to={ENCODED}&sig={PARAMETER}"
CONFIGURATION = f"""version: 1
safety: {{max_delete_percent: 100, max_deletes: 50}}
queues:
  support: {{friendly_name: "ask {DOTTED}", max_size: "${{SIZE}}"}}
  named: {{friendly_name: "say {WIDE} or {BARE}"}}
conferences:
  room:
    friendly_name: "room of {PREFIXED}"
    start: true
    settings: {{wait_url: "{URL}"}}
    participants:
      anna:
        to: "sip:{BARE}@pbx.example;password={SIP}"
        from: "{OURS}"
        sip_auth: {{username: u, password: "${{SIP_PASSWORD}}"}}
    announce: {{url: "https://hooks.example/${{WEBHOOK}}/notice.xml"}}
calls:
  reminder:
    to: ["{SENT}", "{PUNCTUATED}", "sip:bob:{SIP}@pbx.example"]
    from: "{OURS}"
    schedule: {{at: 2026-12-01T09:00:00, timezone: America/New_York}}
    answer: {{say: "ask {DOTTED} at {URL}"}}
    do_not_call: dnc.txt
    sip_auth: {{username: u, password: "${{SIP_PASSWORD}}"}}
    status_callback: {{url: "{URL}", events: [completed]}}
  table:
    to: {{csv: people.csv}}
    from: "{OURS}"
    schedule: {{at: 2026-12-01T09:00:00, timezone: America/New_York}}
    answer: {{url: "https://hooks.example/${{WEBHOOK}}/answer"}}
retention:
  evidence: evidence
  recordings:
    - {{name: theirs, match: {{number: ["{SENT}"]}}, keep: 90d}}
    - {{name: all, keep: 90d}}
  call_records: [{{name: cdr, keep: 90d}}]
  holds: {{case: {{reason: "{PUNCTUATED} sued, see {URL}", match: {{from: ["{SENT}"]}}}}}}
"""
CASES = f"""version: 1
given:
  now: 2026-12-01T13:00:00Z
  calls: [{{date_created: 2026-01-01, to: "{SENT}"}}]
stack: {{environment: {{SIZE: "20", WEBHOOK: {WEBHOOK}, SIP_PASSWORD: {SECRETS["state password"]}}}}}
cases:
  - name: nothing for {DOTTED}
    when: [{{apply: {{}}}}]
    expect: {{queues: [{{friendly_name: "not {DOTTED}"}}]}}
"""

ARGUMENTS: dict[str, str] = {
    "apply": "--auto-approve --approve call=99 --approve delete:recording=9",
    "calls cancel": "call.reminder --auto-approve",
    "calls pause": "call.table --reason {number}",
    "calls resolve": "call.reminder 2026-12-01T14:00:00Z --not-placed --to {number}",
    "calls resume": "call.table",
    "calls test": "call.table --to {number} --auto-approve",
    "completion": "bash",
    "destroy": "--auto-approve --approve delete:queue=9 --target queue.*",
    "dispatch": "--once",
    "erase": "{number} --reason asked --auto-approve",
    "explain": "ignored-setting",
    "export": "--out {new}.yaml",
    "hold add": "more-{new} --reason {number} --number {number}",
    "hold release": "more --approve release-hold=more",
    "import": "queue.named {queue}",
    "init": "begun-{new}",
    "lock break": "--reason {number}",
    "plan": "--out {new}.json",
    "prune": "--auto-approve --approve delete:recording=9",
    "prune verify": "evidence",
    "runs": "",
    "schedule": "--who",
    "schema": "plan",
    "show": "{plan}",
    "state mv": "queue.named queue.other",
    "state push": "pulled.json",
    "state rm": "queue.named",
    "state show": "call.reminder",
    "test": "--junit-xml {new}.xml",
    "twiml": "call.reminder",
    "fleet apply": "--auto-approve --jobs 1",
    "fleet dispatch": "--jobs 1",
    "fleet drift": "--jobs 1",
    "fleet export": "--jobs 1 --out {new}-exported",
    "fleet plan": "--jobs 1 --out {new}-plans",
    "fleet prune": "--auto-approve --jobs 1",
    "fleet show": "{plans}",
    "fleet status": "--jobs 1",
    "fleet validate": "--jobs 1",
}
"""What stands behind the name of a command; nothing where it is not named. `{new}` is a name that was never
used."""

ELSEWHERE = {"demo": "a stack of its own", "emulator": "serves until it is stopped", "help": "shows help"}
"""Commands that are not tried on the stack."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, by its whole name."""
    for name, entry in COMMANDS.items():
        yield from _below(name, importlib.import_module(f"voiceform.cli.commands.{entry.module}").command)


def _below(name: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    if not isinstance(command, click.Group) or command.invoke_without_command:
        yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for each in command.list_commands(context):
            found = command.get_command(context, each)
            assert found is not None
            yield from _below(f"{name} {each}", found)


def formats(command: click.Command) -> list[str]:
    """The formats that a command knows; one empty text where it knows none."""
    return next((list(option.type.choices) for option in command.params if option.name == "format_"), [""])  # type: ignore[attr-defined]


def takes(command: click.Command, option: str) -> bool:
    """Whether a command knows an option."""
    return any(option in each.opts for each in command.params)


class Laden:
    """The stack with everything in it."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.folder = stack.folder
        self.written: set[Path] = set()
        stack.environ |= {
            "SIZE": "20",
            "WEBHOOK": WEBHOOK,
            "SIP_PASSWORD": SECRETS["sip password"],
            "TWILIO_AUTH_TOKEN": SECRETS["auth token"],
            "HTTPS_PROXY": f"http://proxy:{_quoted('proxy password')}@127.0.0.1:1",
            "ALL_PROXY": f"socks5h://proxy:{_quoted('proxy password')}@127.0.0.1:1",
            "PGPASSWORD": SECRETS["database password"],
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": SECRETS["bucket secret"],
            "FLEET_TOKEN": SECRETS["fleet variable"],
            "GITHUB_ACTOR": "octocat",
        }
        self.write("voiceform.yaml", CONFIGURATION)
        for folder in (".", "centre"):
            self.write(f"{folder}/dnc.txt", f"+{BARE}\n")
            self.write(f"{folder}/people.csv", f"phone,name\n{SENT},Ana\n{PUNCTUATED},Bob\n")
        self.write("tests/mine.voiceform.yaml", CASES)
        self.fleet()
        seed(stack)

    def write(self, name: str, text: str) -> Path:
        """A file of the user's: what stands in it is no leak."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        self.written.add(path)
        return path

    def key(self) -> None:
        """Sign in with an API key from now on."""
        del self.stack.environ["TWILIO_AUTH_TOKEN"]
        self.stack.environ |= {"TWILIO_API_KEY": KEY, "TWILIO_API_SECRET": SECRETS["key secret"]}

    def fleet(self) -> None:
        """A fleet of three stacks, whose credentials come from a variable, a file and a command."""
        self.write("centre/voiceform.yaml", CONFIGURATION)
        self.write("token.txt", SECRETS["fleet file"] + "\n")
        command = f"print({SECRETS['fleet command']!r})"
        self.write("vault.py", f"{command}\nimport sys; sys.exit('no vault' if len(sys.argv) > 1 else 0)\n")
        sources = {
            "one": "{token: {env: FLEET_TOKEN}}",
            "two": "{token: {file: token.txt}}",
            "three": "{token: {command: [python3, vault.py]}}",
            "broken": "{token: {command: [python3, vault.py, fail]}}",
        }
        stacks = "".join(
            f"  - {{name: {name}, path: centre, account: AC{number:032x}, credentials: {source}}}\n"
            for number, (name, source) in enumerate(sources.items(), 1)
        )
        self.write("fleet.yaml", f"version: 1\nstate: sqlite:///states/{{stack}}.db\nstacks:\n{stacks}")

    def results(self) -> Iterator[Path]:
        """Every file that a command wrote."""
        return (
            path for path in sorted(self.folder.rglob("*")) if path.is_file() and path not in self.written
        )


def seed(stack: Stack) -> None:
    """An account in which canaries stand in names, parties and addresses."""
    old = (BEFORE - timedelta(days=200)).isoformat()
    stack.emulator.clock(now=BEFORE.isoformat())
    calls = [
        {"sid": f"CA{number:032x}", "date_created": old, "to": to, "from": caller, "status": "completed"}
        for number, (to, caller) in enumerate(
            [(SENT, OURS), (f"sip:bob:{SIP}@pbx.example", SENT), ("+13472659184", OURS)], 1
        )
    ]
    stack.emulator.seed(
        {
            "queues": [{"friendly_name": f"live {DOTTED}", "current_size": 1}, {"friendly_name": URL[:60]}],
            "conferences": [{"friendly_name": f"live {PREFIXED}", "participants": [{"label": "anna"}]}],
            "calls": calls,
            "recordings": [
                {"sid": f"RE{number:032x}", "call_sid": f"CA{number:032x}", "date_created": old}
                for number in range(1, 4)
            ],
        }
    )


def echo(seen: Seen, status: int) -> bytes:
    """The document of a service that repeats what it was sent, as it came and as it reads it."""
    header = seen.headers.get("authorization", "").removeprefix("Basic ")
    password = base64.b64decode(header).decode().partition(":")[2]
    values = sorted((value for _, value in parse_qsl(seen.body)), key=len)
    told = f"{password} ({header}) may not {' '.join(values)} {seen.body}"
    document = {"code": 20003, "message": told, "more_info": told, "status": status}
    return answer(status, document, Content_Type="application/json")


def _quoted(name: str) -> str:
    return quote(SECRETS[name], safe="")
