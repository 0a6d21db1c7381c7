"""`plan --format markdown` as a comment: stack, commit, and the command that applies what was reviewed."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys

from tests.support import Stack

DIGEST = re.compile(r"`(review:[0-9a-f]{64})`")
COMMAND = re.compile(r"```sh\nvoiceform (.*)\n```")


def test_the_command_of_a_comment_applies_what_it_shows(stack: Stack) -> None:
    stack.queues(a=1, b=2)
    comment = stack.ok(
        "plan", "--format", "markdown", "--stack", "eu/prod", "--commit", "0123abc", "--exclude", "queue.b*"
    ).out
    assert comment.startswith("<!-- voiceform:plan stack=eu/prod -->\n## voiceform plan: `eu/prod`\n")
    assert "| `0123abc` |" in comment
    command = COMMAND.search(comment)
    digest = DIGEST.search(comment)
    assert command is not None
    assert digest is not None
    assert command[1] == f"apply --exclude 'queue.b*' --expect-digest {digest[1]}"
    stack.ok(*shlex.split(command[1]), "--auto-approve")
    assert set(stack.account.queues()) == {"a"}


def test_a_saved_plan_is_applied_from_its_file(stack: Stack) -> None:
    stack.queues(a=1)
    comments = [
        stack.ok("plan", "--out", "my plan.json", "--format", "markdown").out,
        stack.ok("show", "my plan.json", "--format", "markdown").out,
    ]
    commands = [COMMAND.search(comment) for comment in comments]
    assert commands[0] is not None
    assert commands[1] is not None
    assert commands[0][1] == commands[1][1]
    assert commands[0][1].startswith("apply 'my plan.json' --expect-digest review:")
    stack.ok(*shlex.split(commands[0][1]))
    assert set(stack.account.queues()) == {"a"}


def test_a_plan_from_a_pipe_has_no_file_to_name(stack: Stack) -> None:
    stack.queues(a=1, b=1, c=1)
    stack.ok("plan", "--target", "queue.[ab]", "--exclude", "queue.b", "--out", "plan.json")
    shown = subprocess.run(
        [sys.executable, "-m", "voiceform", "show", "-", "--format", "markdown"],
        input=(stack.folder / "plan.json").read_bytes(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    command = COMMAND.search(shown)
    assert command is not None
    assert command[1].startswith("apply --target 'queue.[ab]' --exclude queue.b --expect-digest review:")
    stack.ok(*shlex.split(command[1]), "--auto-approve")
    assert set(stack.account.queues()) == {"a"}


def test_all_of_a_kind_may_be_left_out_and_is_not_read(stack: Stack) -> None:
    stack.queues(a=1)
    assert stack.ok("plan", "--exclude", "retention.*", "--format", "json").json["complete"] is True
    assert stack.run("plan", "--exclude", "retention.r*").code == 64
    stack.write("queues: {a: {}}\nretention: {recordings: [{name: old, keep: 90d}]}\n")
    stack.emulator.reset()
    found = stack.ok("plan", "--exclude", "retention.*", "--format", "json").json
    assert [change["address"] for change in found["changes"]] == ["queue.a"]
    assert found["complete"] is False
    assert not any("/Recordings" in entry["path"] for entry in stack.emulator.requests())
    stack.ok("plan")
    assert any("/Recordings" in entry["path"] for entry in stack.emulator.requests())


def test_what_a_comment_leaves_out_is_where_it_says(stack: Stack) -> None:
    stack.queues(**{f"queue_{number:04}_{'x' * 40}": 1 for number in range(1200)})
    url = "https://ci.example/run/7"
    comment = stack.ok("plan", "--format", "markdown", "--artifact", url).out
    assert len(comment.encode()) <= 65_000
    assert f"[the plan]({url}) and in the output of `voiceform plan`" in comment


def test_sources_that_do_not_fit_are_a_usage_error(stack: Stack) -> None:
    stack.queues(a=1)
    assert stack.run("plan", "--format", "markdown", "--artifact", "x" * 70_000).code == 64


def test_the_page_names_the_commit(stack: Stack) -> None:
    stack.queues(a=1)
    assert "0123abc" in stack.ok("plan", "--format", "html", "--commit", "0123abc").out
    assert "0123abc" in stack.ok("drift", "--format", "html", "--commit", "0123abc").out
