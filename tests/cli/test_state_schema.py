"""What a stack of every kind stores is what the published schema says."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jsonschema import Draft202012Validator

from tests.cli.calling import NINE, OTHER, TO, Timeline, after, calls
from tests.support import Stack


def state_of_every_kind(stack: Stack) -> Any:
    """A pulled state with every kind of record and document in it."""
    time = Timeline(stack)
    schedule = calls([TO, OTHER, "+15005550003"], record="true", retry="{attempts: 2, delay: 1m, on: [busy]}")
    stack.write(
        "contact_limits: [{name: a-day, max: 9, per: day, purpose: care}]\n"
        "calling_rules:\n"
        "  - name: hours\n"
        "    match: {to: ['+1', FR]}\n"
        '    hours: {weekly: {mon-sun: ["00:00-24:00"]}, holidays: {country: US, subdivision: FL},'
        " except: [2026-12-24], outside: next-window}\n"
        "    limits: [{max: 9, per: day, timezone: recipient, counts: attempts}]\n"
        "    as_of: 2026-11-01\n"
        "    max_age: 400d\n"
        f"{schedule}    purpose: care\n    rules: [hours]\n"
        "queues: {support: {max_size: 5, protect: true}}\n"
        "conferences:\n"
        "  standup:\n"
        '    participants: {bridge: {to: "+15558675310", from: "+15017122661"}}\n'
        "    announce: {url: 'https://example.com/notice.xml'}\n"
        "retention:\n"
        "  recordings: [{name: old, keep: 90d}]\n"
        "  call_records: [{name: old, until: 2027-01-01, match: {number: ['+12125550101']}}]\n"
        "  holds: {case: {reason: litigation, match: {created: {start: 2026-01-01}}}}\n"
    )
    room = {"friendly_name": "standup", "participants": [{}], "date_created": NINE.isoformat()}
    stack.emulator.clock(now=(NINE - timedelta(minutes=1)).isoformat())
    stack.emulator.seed({"conferences": [room]})
    time.apply(NINE - timedelta(minutes=1))
    stack.emulator.faults([{"operation": "createCall", "times": 1, "kind": "drop-after"}])
    assert time.at(after(1), "dispatch").code == 8
    time.at(after(300), "dispatch")
    stack.ok("hold", "add", "more", "--reason", "x", "--number", TO, "--call", f"CA{1:032x}")
    stack.ok("hold", "release", "more", "--approve", "release-hold=more")
    stack.ok("calls", "pause", "call.reminder", "--reason", "x")
    stack.ok("calls", "resume", "call.reminder")
    stack.ok("calls", "pause", "--all")
    return time.at(after(301), "state", "pull").json


def test_the_state_of_every_kind_fits_the_schema(stack: Stack) -> None:
    document = state_of_every_kind(stack)
    schema = stack.ok("schema", "state").json
    Draft202012Validator(schema).validate(document)
    described = schema["properties"]["documents"]["patternProperties"]
    stored = {key.split("/", 1)[0] for key in document["documents"]}
    ours = {"ledger", "ledger-heads", "conferences", "holds", "pauses", "contacts", "limits"}
    assert stored == {"resources", "runs", "journal", *ours}
    assert all(any(pattern.startswith(f"^{kind}/") for pattern in described) for kind in stored)
