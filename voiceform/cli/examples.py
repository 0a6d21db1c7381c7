"""One line for each command that somebody can run as it stands, in a stack of their own.

The help shows it, docs/commands.md has it, and tests run it. A command whose own words have one ("For
example: voiceform ...") needs none here.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "demo": "voiceform demo",
        "init": "voiceform init stacks/eu --ci github",
        "import": "voiceform import queue.support QU0123456789abcdef0123456789abcdef",
        "export": "voiceform export --out account.yaml --target 'queue.s*'",
        "validate": "voiceform validate --format sarif > findings.sarif",
        "test": "voiceform test -k 'busy' --junit-xml results.xml",
        "plan": "voiceform plan --out plan.json --detailed-exitcode",
        "show": "voiceform show plan.json --format markdown",
        "apply": "voiceform apply plan.json --approve delete:queue=3",
        "drift": "voiceform drift --target 'queue.*'",
        "undo": "voiceform undo RUN --out undo.json",
        "destroy": "voiceform destroy --target queue.sales --approve delete:queue=1",
        "status": "voiceform status --format json",
        "queues": "voiceform queues support --members",
        "rooms": "voiceform rooms --watch --every 5s",
        "runs": "voiceform runs RUN",
        "schedule": "voiceform schedule --start 2026-12-01 --end 2026-12-08 --format ics > calls.ics",
        "dispatch": "voiceform dispatch --once",
        "calls": "voiceform calls list --status unknown",
        "calls list": "voiceform calls list call.reminder --status unknown --format json",
        "calls resolve": "voiceform calls resolve call.reminder 2026-12-01T14:00:00Z --not-placed",
        "hold": "voiceform hold list",
        "hold list": "voiceform hold list --all",
        "recordings": "voiceform recordings --due --format csv > due.csv",
        "prune": "voiceform prune --dry-run",
        "prune verify": "voiceform prune verify evidence --offline",
        "erase": "voiceform erase client:anna --reason 'request 4711' --dry-run",
        "state": "voiceform state list",
        "state list": "voiceform state list",
        "state show": "voiceform state show queue.support",
        "state mv": "voiceform state mv queue.support queue.helpdesk",
        "state rm": "voiceform state rm queue.sales",
        "state pull": "voiceform state pull > state.json",
        "state push": "voiceform state push state.json",
        "state prune-journal": "voiceform state prune-journal --keep 400d",
        "state origin": "voiceform state origin --accept",
        "lock": "voiceform lock show",
        "lock show": "voiceform lock show",
        "lock break": "voiceform lock break --reason 'the runner was killed'",
        "twiml": "voiceform twiml call.reminder",
        "explain": "voiceform explain unknown-key",
        "schema": "voiceform schema config > config.schema.json",
        "emulator": "voiceform emulator --port 8765 --db account.db",
        "completion": "voiceform completion bash > ~/.local/share/bash-completion/completions/voiceform",
        "help": "voiceform help calls list",
    }
)
"""By the names of the command and of the groups that it is in."""
