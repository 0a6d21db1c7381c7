"""`voiceform twiml`, and the folder of rendered documents."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from tests.support import Stack
from voiceform.cli import main

ROOMS = """
conferences:
  standup: {settings: {beep: on-enter, wait_url: ""}}
  board: {friendly_name: "Board & <Room>", settings: {max_participants: 5}}
"""


def standup(text: str) -> dict[str, str]:
    conference = ET.fromstring(text.strip().encode()).find("Dial/Conference")
    assert conference is not None
    assert conference.text == "standup"
    return conference.attrib


def files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.xml")}


def test_the_document_is_printed_offline(stack: Stack) -> None:
    stack.write(ROOMS)
    printed = stack.ok("twiml", "conference.standup", environ={}).out
    assert standup(printed) == {"beep": "onEnter", "waitUrl": ""}
    board = ET.fromstring(stack.ok("twiml", "conference.board", environ={}).out.strip().encode())
    assert board.findtext("Dial/Conference") == "Board & <Room>"


def test_the_document_of_a_call_is_printed_too(stack: Stack) -> None:
    stack.write(
        ROOMS
        + """calls:
  reminder:
    to: "+15558675310"
    from: "+15017122661"
    schedule: {at: 2026-12-01T09:00:00, timezone: UTC}
    answer: {conference: standup}
"""
    )
    assert standup(stack.ok("twiml", "call.reminder").out) == {"beep": "onEnter", "waitUrl": ""}


def test_a_conference_that_a_call_uses_cannot_be_removed(stack: Stack) -> None:
    stack.write(
        """conferences: {}
calls:
  reminder:
    to: "+15558675310"
    from: "+15017122661"
    schedule: {at: 2026-12-01T09:00:00, timezone: UTC}
    answer: {conference: standup}
"""
    )
    result = stack.run("validate")
    assert result.code == 1
    assert "voiceform.yaml:8:26" in result.err
    assert "call.reminder" in result.err
    assert "conference.standup is not declared" in result.err


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("conference.other", "these render to TwiML: conference.board, conference.standup"),
        ("queue.support", "does not render to TwiML"),
        ("nonsense", "is not an address"),
    ],
)
def test_what_has_no_document(stack: Stack, address: str, said: str) -> None:
    stack.write(ROOMS + "queues: {support: {}}\n")
    result = stack.run("twiml", address)
    assert result.code == 64
    assert said in result.err


def test_plan_shows_and_apply_writes_the_documents(stack: Stack) -> None:
    stack.write(ROOMS)
    folder = stack.folder / "hosted" / "twiml"
    planned = stack.run("plan", "--twiml-dir", "hosted/twiml", "--detailed-exitcode")
    assert planned.code == 2
    assert "+ conference.board.xml\n  + conference.standup.xml" in planned.out
    assert not folder.exists()
    stack.apply("--twiml-dir", "hosted/twiml")
    assert set(files(folder)) == {"conference.board.xml", "conference.standup.xml"}
    assert standup(files(folder)["conference.standup.xml"]) == {"beep": "onEnter", "waitUrl": ""}
    again = stack.run("plan", "--twiml-dir", "hosted/twiml", "--detailed-exitcode")
    assert (again.code, "no changes" in again.out) == (0, True)


def test_only_changed_documents_are_written_and_stale_ones_removed(stack: Stack) -> None:
    stack.write(ROOMS)
    stack.apply("--twiml-dir", "out")
    folder = stack.folder / "out"
    (folder / "mine.xml").write_text("<Response/>")
    before = (folder / "conference.standup.xml").stat().st_mtime_ns
    stack.write("conferences:\n  standup: {settings: {beep: on-enter, wait_url: ''}}\n  new: {}\n")
    planned = stack.run("plan", "--twiml-dir", "out").out
    assert planned.endswith("  - conference.board.xml\n  + conference.new.xml\n")
    stack.apply("--twiml-dir", "out")
    assert set(files(folder)) == {"mine.xml", "conference.new.xml", "conference.standup.xml"}
    assert (folder / "conference.standup.xml").stat().st_mtime_ns == before


def test_a_missing_document_is_written_when_nothing_else_is_to_be_done(stack: Stack) -> None:
    stack.write(ROOMS)
    stack.apply()
    assert stack.run("plan", "--twiml-dir", "out", "--detailed-exitcode").code == 2
    stack.apply("--twiml-dir", "out")
    assert set(files(stack.folder / "out")) == {"conference.board.xml", "conference.standup.xml"}


def test_a_saved_plan_writes_its_own_documents(stack: Stack) -> None:
    stack.write(ROOMS)
    stack.ok("plan", "--out", "p.json")
    stack.write("conferences: {}\n")
    stack.ok("apply", "p.json", "--twiml-dir", "out")
    assert "conference.standup.xml" in files(stack.folder / "out")


def test_a_partial_plan_removes_nothing(stack: Stack) -> None:
    stack.write(ROOMS)
    stack.apply("--twiml-dir", "out")
    stack.write("conferences: {standup: {}}\n")
    stack.apply("--twiml-dir", "out", "--target", "conference.standup")
    assert set(files(stack.folder / "out")) == {"conference.board.xml", "conference.standup.xml"}


def test_a_stale_document_that_somebody_edited_is_left_alone(stack: Stack) -> None:
    stack.write(ROOMS)
    stack.apply("--twiml-dir", "out")
    edited = stack.folder / "out" / "conference.board.xml"
    edited.write_text("<Response><Reject/></Response>")
    stack.write("conferences: {standup: {settings: {beep: on-enter, wait_url: ''}}}\n")
    assert "left alone" in stack.run("plan", "--twiml-dir", "out").out
    stack.apply("--twiml-dir", "out")
    assert edited.read_text() == "<Response><Reject/></Response>"
    assert "no changes" in stack.run("plan", "--twiml-dir", "out").out


@pytest.mark.parametrize("how", ["file", "link", "folder"])
def test_what_somebody_else_put_there_is_not_overwritten(stack: Stack, tmp_path: Path, how: str) -> None:
    stack.write(ROOMS)
    out = stack.folder / "out"
    out.mkdir()
    target = tmp_path / "precious"
    target.write_text("precious")
    path = out / "conference.standup.xml"
    if how == "file":
        path.write_text("precious")
    elif how == "link":
        path.symlink_to(target)
    else:
        path.mkdir()
    for command in (["plan"], ["apply", "--auto-approve"]):
        result = stack.run(*command, "--twiml-dir", "out")
        assert result.code == 1
        assert "voiceform did not write this file" in result.err
    assert target.read_text() == "precious"
    assert stack.ok("state", "list").out == ""


@pytest.mark.parametrize("name", ["../precious.xml", "/etc/precious.xml", "..", "a/../../precious.xml"])
def test_a_forged_list_of_files_removes_nothing_elsewhere(stack: Stack, name: str) -> None:
    stack.write(ROOMS)
    stack.apply("--twiml-dir", "out")
    precious = stack.folder / "precious.xml"
    precious.write_text("precious")
    manifest = stack.folder / "out" / ".voiceform-twiml.json"
    listed: dict[str, Any] = json.loads(manifest.read_text())
    listed["files"][name] = "sha256:68656c6c6f"
    manifest.write_text(json.dumps(listed))
    stack.apply("--twiml-dir", "out")
    assert precious.read_text() == "precious"


def test_a_list_of_files_that_cannot_be_read_is_an_error(stack: Stack) -> None:
    stack.write(ROOMS)
    stack.apply("--twiml-dir", "out")
    (stack.folder / "out" / ".voiceform-twiml.json").write_text("[]")
    result = stack.run("plan", "--twiml-dir", "out")
    assert result.code == 1
    assert ".voiceform-twiml.json" in result.err


def test_destroy_removes_what_voiceform_wrote(stack: Stack) -> None:
    stack.write(ROOMS)
    stack.apply("--twiml-dir", "out")
    (stack.folder / "out" / "mine.xml").write_text("<Response/>")
    stack.ok("destroy", "--auto-approve", "--twiml-dir", "out")
    assert set(files(stack.folder / "out")) == {"mine.xml"}


def test_a_folder_that_cannot_be_written_is_one_clear_error(stack: Stack) -> None:
    stack.write(ROOMS)
    (stack.folder / "out").write_text("a file")
    result = stack.run("apply", "--auto-approve", "--twiml-dir", "out")
    assert result.code != 0
    assert "Traceback" not in result.err


def test_json_stays_one_document_and_the_files_are_told_on_stderr(stack: Stack) -> None:
    stack.write(ROOMS)
    result = stack.run("plan", "--format", "json", "--twiml-dir", "out")
    assert result.json["summary"]["create"] == 2
    assert "conference.standup.xml" in result.err


def test_the_command_needs_nothing_but_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "voiceform.yaml").write_text(f"version: 1\n{ROOMS}")
    assert main(["-C", str(tmp_path), "twiml", "conference.standup"], environ={}) == 0
