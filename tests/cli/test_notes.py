"""`description:` and `owner:`: what people say of objects reaches whoever reads a plan, and never Twilio."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cli.calling import Timeline, after, calls
from tests.support import Stack

SAID = 'description: "Invoices and refunds"\n    owner: "Voice team"'
EVERY_KIND = """
queues:
  support:
    {notes}
conferences:
  standup:
    {notes}
calls:
  reminder:
    to: "+15558675310"
    from: "+15017122661"
    schedule: {{at: 2030-12-01T09:00:00, timezone: America/New_York}}
    answer: {{say: hello}}
    {notes}
retention:
  recordings:
  - name: all
    keep: 90d
    {notes}
  call_records:
  - name: cdr
    keep: 90d
    {notes}
  holds:
    case:
      reason: litigation
      {deep}
"""
ADDRESSES = {
    "queue.support",
    "conference.standup",
    "call.reminder",
    "retention.recordings.all",
    "retention.call_records.cdr",
    "retention.holds.case",
}


def every_kind(stack: Stack, notes: str = SAID) -> None:
    stack.write(EVERY_KIND.format(notes=notes or "{}", deep=notes.replace("    ", "      ")))


def changes(stack: Stack, *argv: str) -> dict[str, Any]:
    plan = stack.run("plan", "--format", "json", *argv).json
    return {change["address"]: change for change in plan["changes"] if change["action"] != "no-op"}


def test_every_object_has_them_in_every_format_and_only_the_state_keeps_them(stack: Stack) -> None:
    every_kind(stack)
    expected = {"description": "Invoices and refunds", "owner": "Voice team"}
    assert {where: change["notes"]["after"] for where, change in changes(stack).items()} == dict.fromkeys(
        ADDRESSES, expected
    )
    for format_ in ("text", "markdown", "html"):
        shown = stack.run("plan", "--format", format_).out
        assert shown.count("description: Invoices and refunds") == len(ADDRESSES), format_
        assert shown.count("owner: Voice team") == len(ADDRESSES), format_
    stack.apply()
    assert changes(stack) == {}
    for address in ADDRESSES:
        assert stack.ok("state", "show", address).json["notes"] == expected
    sent = json.dumps(stack.emulator.requests())
    assert "Invoices" not in sent
    assert "Voice team" not in sent


def test_a_change_of_them_alone_changes_our_state_and_says_so(stack: Stack) -> None:
    every_kind(stack)
    stack.apply()
    writes = stack.account.writes()
    every_kind(stack, SAID.replace("Voice team", "Desk 2"))
    shown = stack.ok("plan").out
    assert shown.count("described anew") == len(ADDRESSES)
    assert shown.count('~ owner: "Voice team" -> "Desk 2"') == len(ADDRESSES)
    assert "nothing is sent" in shown
    found = changes(stack)
    assert found.keys() == ADDRESSES
    assert all(change["operations"] == [] and "counts" not in change for change in found.values())
    stack.apply()
    assert stack.account.writes() == writes
    assert stack.ok("state", "show", "call.reminder").json["notes"]["owner"] == "Desk 2"
    every_kind(stack, "{}".replace("{}", "owner: null"))
    assert all(change["notes"]["after"] == {} for change in changes(stack).values())
    stack.apply()
    assert "notes" not in stack.ok("state", "show", "queue.support").json


def test_nobody_is_phoned_again_for_other_words(stack: Stack) -> None:
    time = Timeline(stack)
    stack.write(calls(misfire_grace="1h"))
    time.apply(after(hours=-3))
    assert time.at(after(1), "dispatch", "--once").code == 0
    stack.write(calls(misfire_grace="1h", owner="Desk 2"))
    assert time.at(after(2), "apply", "--auto-approve").code == 0
    time.at(after(3), "dispatch", "--once")
    assert len(time.placed()) == 1


def test_they_go_with_a_renaming_and_stand_beside_what_goes(stack: Stack) -> None:
    stack.write("queues: {old: {friendly_name: Desk, owner: Voice team}}\n")
    stack.apply()
    stack.write("queues: {new: {friendly_name: Desk, owner: Voice team, aliases: [old]}}\n")
    assert [item["path"] for item in changes(stack)["queue.new"]["fields"]] == []
    stack.apply()
    stack.queues()
    assert "owner: Voice team" in stack.run("plan").out
    assert changes(stack)["queue.new"]["notes"] == {"before": {"owner": "Voice team"}, "after": {}}


def test_a_review_and_undo_know_them(stack: Stack) -> None:
    stack.write("queues: {support: {owner: Voice team}}\n", "base/voiceform.yaml")
    stack.write("queues: {support: {owner: Desk 2}}\n")
    assert '~ owner: "Voice team" -> "Desk 2"' in stack.run("plan", "--base", "base").out
    stack.write("queues: {support: {owner: Voice team}}\n")
    stack.apply()
    stack.write("queues: {support: {owner: Desk 2, max_size: 7}}\n")
    stack.apply()
    run = stack.ok("undo", "--format", "json").json["runs"][0]["run_id"]
    stack.ok("undo", run, "--out", str(stack.folder / "back.json"))
    stack.ok("apply", str(stack.folder / "back.json"), "--auto-approve")
    assert stack.ok("state", "show", "queue.support").json["notes"] == {"owner": "Voice team"}


def test_the_digest_of_a_review_knows_them(stack: Stack) -> None:
    stack.write("queues: {support: {owner: Voice team}}\n")
    stack.apply()
    digests = set()
    for owner in ("Desk 2", "Desk 3"):
        stack.write(f"queues: {{support: {{owner: {owner}}}}}\n")
        digests.add(stack.ok("plan", "--format", "json").json["review_digest"])
    assert len(digests) == 2


def test_numbers_in_them_are_masked_and_controls_escaped(stack: Stack) -> None:
    stack.write('queues: {support: {description: "call +15558675310\\n\\e[31m<b>@all", owner: "a  \\n b"}}\n')
    for format_ in ("text", "markdown", "html", "json"):
        shown = stack.run("plan", "--format", format_).out
        assert "+15558675310" not in shown, format_
        assert "\x1b" not in shown, format_
        assert "<b>" not in shown or format_ in ("text", "json", "markdown")
    assert "owner: a b" in stack.run("plan").out
    assert "+15558675310" in stack.run("plan", "--show-numbers").out


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
def test_what_the_environment_gave_to_them_is_shown_as_it_is_written(stack: Stack, format_: str) -> None:
    stack.write('queues: {support: {description: "hook ${HOOK}"}}\n')
    environ = {**stack.environ, "HOOK": "s3cr3t-value"}
    assert "s3cr3t-value" not in stack.run("plan", "--format", format_, environ=environ).out
    assert stack.run("apply", "--auto-approve", environ=environ).code == 0
    assert "s3cr3t-value" not in stack.ok("state", "show", "queue.support").out
    assert "hook ${HOOK}" in stack.ok("state", "show", "queue.support").out


def test_an_export_keeps_them(stack: Stack) -> None:
    every_kind(stack)
    stack.write("queues: {support: {max_size: 5, owner: Voice team, description: 'for ${WHOM}'}}\n")
    stack.environ["WHOM"] = "somebody-else"
    stack.apply()
    exported = stack.ok("export").out
    assert "somebody-else" not in exported
    stack.write(exported)
    assert changes(stack) == {}


def test_an_export_keeps_those_of_every_kind(stack: Stack) -> None:
    every_kind(stack)
    stack.apply()
    stack.write(stack.ok("export").out)
    assert changes(stack) == {}
