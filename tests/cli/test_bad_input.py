"""Bad input ends in one clear error, before the first request, with nothing lost."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import ACCOUNT, TOKEN, Stack
from voiceform.model.plan_codec import document_digest


def test_missing_credentials_name_the_variables(stack: Stack) -> None:
    stack.queues(a=1)
    result = stack.run("plan", environ={"VOICEFORM_BASE_URL": stack.emulator.url})
    assert result.code == 1
    assert "TWILIO_ACCOUNT_SID" in result.err
    assert "TWILIO_AUTH_TOKEN" in result.err
    assert stack.emulator.requests() == []


def test_another_account_is_refused_before_the_first_request(stack: Stack) -> None:
    stack.write(f"account: AC{'b' * 32}\nqueues: {{a: {{}}}}\n")
    for command in (["plan"], ["apply", "--auto-approve"], ["destroy", "--auto-approve"], ["drift"]):
        result = stack.run(*command)
        assert result.code == 1
        assert ACCOUNT in result.err
    assert stack.emulator.requests() == []


def test_a_plan_for_another_account_is_refused_before_the_first_request(stack: Stack) -> None:
    stack.queues(a=1)
    stack.ok("plan", "--out", "p.json")
    sent = len(stack.emulator.requests())
    other = {**stack.environ, "TWILIO_ACCOUNT_SID": "AC" + "b" * 32}
    result = stack.run("apply", "p.json", environ=other)
    assert result.code == 1
    assert "nothing was sent" in result.err
    assert len(stack.emulator.requests()) == sent


def test_a_state_of_another_account_is_refused_before_the_first_request(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    sent = len(stack.emulator.requests())
    other = {**stack.environ, "TWILIO_ACCOUNT_SID": "AC" + "b" * 32}
    for command in (["plan"], ["drift"], ["apply", "--auto-approve"], ["destroy", "--auto-approve"]):
        result = stack.run(*command, environ=other)
        assert result.code == 1
        assert f"records account {ACCOUNT}" in result.err
    assert len(stack.emulator.requests()) == sent


def test_an_unreachable_host(stack: Stack) -> None:
    stack.queues(a=1)
    result = stack.run("--base-url", "http://127.0.0.1:1", "plan")
    assert result.code == 1
    assert "127.0.0.1:1" in result.err


def test_plain_http_to_another_host_is_refused(stack: Stack) -> None:
    stack.queues(a=1)
    result = stack.run("--base-url", "http://api.example.com", "plan")
    assert result.code != 0
    assert "--insecure-http" in result.err


def test_wrong_credentials(stack: Stack) -> None:
    stack.queues(a=1)
    stack.emulator.faults([{"operation": "*", "times": 9, "kind": "status", "status": 401, "code": 20003}])
    result = stack.run("plan")
    assert result.code == 1
    assert "TWILIO_AUTH_TOKEN" in result.err
    assert TOKEN not in result.err + result.out


def plan_document(stack: Stack) -> tuple[Path, dict[str, object]]:
    stack.queues(a=1)
    stack.ok("plan", "--out", "p.json")
    path = stack.folder / "p.json"
    return path, json.loads(path.read_text())


def test_a_truncated_plan(stack: Stack) -> None:
    path, _ = plan_document(stack)
    path.write_text(path.read_text()[:-40])
    result = stack.run("apply", "p.json")
    assert result.code == 1
    assert "truncated" in result.err
    assert stack.account.writes() == []


def test_an_edited_plan(stack: Stack) -> None:
    path, document = plan_document(stack)
    document["changes"][0]["after"]["max_size"] = 4000  # type: ignore[index]
    path.write_text(json.dumps(document))
    result = stack.run("apply", "p.json")
    assert result.code == 1
    assert "edited" in result.err
    assert stack.account.writes() == []


def test_a_plan_of_another_version(stack: Stack) -> None:
    path, document = plan_document(stack)
    document["format_version"] = "9.0"
    path.write_text(json.dumps(document))
    result = stack.run("apply", "p.json")
    assert result.code == 1
    assert "9.0" in result.err


@pytest.mark.parametrize("command", ["show", "apply"])
def test_a_plan_that_counts_what_nobody_knows(stack: Stack, command: str) -> None:
    """What it weighs cannot be told, so no limit would hold for it."""
    path, document = plan_document(stack)
    document["changes"][0]["counts"] = {"sweep:everything": 1}  # type: ignore[index]
    path.write_text(json.dumps({**document, "digest": document_digest(document)}))
    result = stack.run(command, "p.json")
    assert result.code == 1
    assert "the plan counts 'sweep:everything', which this program does not know" in result.err
    assert stack.account.writes() == []


@pytest.mark.parametrize("content", ["[]", "{}", "null", "\x00\x01", '{"a": 1}'])
def test_a_file_that_is_no_plan(stack: Stack, content: str) -> None:
    stack.queues(a=1)
    (stack.folder / "p.json").write_text(content)
    result = stack.run("apply", "p.json")
    assert result.code == 1
    assert "plan" in result.err
    assert "Traceback" not in result.err


def test_a_corrupt_state_is_refused_and_kept(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    path = stack.folder / ".voiceform" / "state.db"
    path.write_bytes(b"this is not a database" * 400)
    for command in (["plan"], ["apply", "--auto-approve"], ["state", "list"]):
        result = stack.run(*command)
        assert result.code == 1
        assert "state.db" in result.err
    assert path.read_bytes() == b"this is not a database" * 400


def test_a_corrupt_document_is_named(stack: Stack) -> None:
    stack.queues(a=1)
    stack.apply()
    with closing(sqlite3.connect(stack.folder / ".voiceform" / "state.db")) as database, database:
        changed = database.execute(
            "update documents set document = '{' where key = 'resources/queue.a'"
        ).rowcount
    assert changed == 1
    result = stack.run("plan")
    assert result.code == 1
    assert "resources/queue.a" in result.err


def test_files_are_readable_by_their_owner_only(stack: Stack) -> None:
    stack.queues(a=1)
    stack.ok("plan", "--out", "p.json")
    stack.ok("apply", "p.json")
    for name in ("p.json", ".voiceform/state.db"):
        assert stat.S_IMODE(os.stat(stack.folder / name).st_mode) == 0o600


def test_planning_writes_nothing_anywhere(stack: Stack) -> None:
    stack.queues(a=1)
    stack.ok("plan")
    stack.run("drift")
    stack.ok("export")
    assert stack.account.writes() == []
    assert sorted(path.name for path in stack.folder.iterdir()) == ["voiceform.yaml"]


def test_nobody_can_be_asked(stack: Stack) -> None:
    stack.queues(a=1)
    result = stack.run("apply")
    assert result.code == 64
    assert "--auto-approve" in result.err
    assert stack.account.writes() == []


def test_names_cannot_write_to_the_terminal(stack: Stack) -> None:
    stack.write('queues: {a: {friendly_name: "\\e[2Jgone\\u202Eevil"}}\n')
    result = stack.run("plan")
    assert "\x1b" not in result.out + result.err
    assert "\u202e" not in result.out + result.err


def test_no_secret_is_ever_stored_or_shown(stack: Stack) -> None:
    stack.queues(a=1)
    out = stack.run("-v", "plan", "--out", "p.json", "--format", "json")
    stack.run("-v", "apply", "p.json")
    everything = (
        out.out
        + out.err
        + "".join(path.read_bytes().decode("latin-1") for path in stack.folder.rglob("*") if path.is_file())
    )
    assert TOKEN not in everything


@pytest.mark.parametrize(
    ("argv", "path"),
    [(("init", "taken"), "taken"), (("export", "--out", "missing/x.yaml"), "missing/x.yaml")],
)
def test_a_path_that_cannot_be_written_is_named(stack: Stack, argv: tuple[str, ...], path: str) -> None:
    stack.write("a file", "taken")
    result = stack.run(*argv)
    assert result.code == 1
    assert f"{stack.folder / path}: " in result.err
    assert "defect" not in result.err
