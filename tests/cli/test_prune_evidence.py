"""Evidence is on wherever something is destroyed: in a folder or a bucket, as one chain over all runs."""

from __future__ import annotations

import json
import os
import re
import stat
import threading
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.cli.pruning import NOW, SAFETY, Pruner, ca_sid, call, recording
from tests.services import Proxy, S3Server
from tests.support import ACCOUNT, Stack
from voiceform.kinds.retention.evidence.folder import Folder
from voiceform.kinds.retention.evidence.log import Author, EvidenceLog
from voiceform.kinds.retention.evidence.naming import place_of
from voiceform.kinds.retention.evidence.verify import check_place
from voiceform.model.clock import ManualClock
from voiceform.model.errors import EvidenceError, EvidenceHeldError, EvidenceLostError
from voiceform.model.schema_files import schema_text

pytest.importorskip("obstore")

RULES = "recordings: [{name: all, keep: 90d}]"


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


def prune(pruner: Pruner, *argv: str) -> Any:
    return pruner.stack.run("prune", "--auto-approve", *argv, clock=pruner.clock)


@pytest.mark.parametrize("command", ["prune", "apply"])
def test_it_is_on_by_default(pruner: Pruner, command: str) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    result = pruner.stack.run(command, "--auto-approve", clock=pruner.clock)
    assert result.code == 0, result.err
    assert "Evidence: " in result.err
    assert pruner.statuses() == {1: "deleted"}
    assert pruner.verify()["deleted"] == 1


def test_call_records_leave_evidence_too(pruner: Pruner) -> None:
    pruner.declare("call_records: [{name: cdr, keep: 90d}]")
    pruner.seed(calls=[call(1, 91)])
    assert prune(pruner).code == 0
    assert [line["status"] for line in pruner.lines("call-record")] == ["deleted"]


def test_what_destroys_nothing_writes_nothing(pruner: Pruner) -> None:
    pruner.stack.write(
        "queues: {support: {}}\n" + SAFETY + "retention: {recordings: [{name: all, keep: 90d}]}\n"
    )
    pruner.seed([recording(1, 10)])
    assert pruner.stack.run("apply", "--auto-approve", clock=pruner.clock).code == 0
    assert prune(pruner, "--evidence", "elsewhere").code == 0
    assert {path.name for path in pruner.stack.folder.iterdir()} == {".voiceform", "voiceform.yaml"}


def test_a_folder_of_choice_and_one_for_this_run(pruner: Pruner) -> None:
    pruner.declare(RULES + "\nevidence: audit/trail")
    pruner.seed([recording(1, 91)])
    dry = pruner.stack.run("prune", "--dry-run", clock=pruner.clock).out
    assert "each is taken down in audit/trail" in dry
    assert prune(pruner).code == 0
    assert len(list((pruner.stack.folder / "audit" / "trail").glob("*.jsonl"))) == 1
    pruner.seed([recording(2, 91)])
    assert prune(pruner, "--evidence", "once").code == 0
    assert len(list((pruner.stack.folder / "once").glob("*.jsonl"))) == 1
    assert not pruner.evidence.exists()


def test_off_must_be_said_and_the_plan_shows_it(pruner: Pruner) -> None:
    pruner.declare(RULES + "\nevidence: off")
    pruner.seed([recording(1, 91)])
    assert "evidence is off" in pruner.stack.run("prune", "--dry-run", clock=pruner.clock).out
    assert prune(pruner, "--evidence", "off").code == 64
    assert pruner.left() == {1}
    assert prune(pruner).code == 0
    assert pruner.left() == set()
    assert not pruner.evidence.exists()
    pruner.seed([recording(2, 91)])
    pruner.pruned()
    assert pruner.statuses() == {2: "deleted"}, "--evidence stands for the place, also for none"


def test_a_saved_plan_knows_its_place(pruner: Pruner) -> None:
    pruner.declare(RULES + "\nevidence: audit")
    pruner.seed([recording(1, 91)])
    assert pruner.stack.run("plan", "--out", "p.json", clock=pruner.clock).code == 0
    pruner.declare(RULES + "\nevidence: off")
    assert pruner.stack.run("apply", "p.json", clock=pruner.clock).code == 0
    assert len(list((pruner.stack.folder / "audit").glob("*.jsonl"))) == 1


@pytest.mark.parametrize(
    "place",
    [
        "https://example.com/x",
        "s3://",
        "s3://key:secret@bucket/x",
        "s3://bucket/x?sig=1",
        "s3://b/../c",
        "file:///",
        "''",
        '"a\\nb"',
    ],
)
def test_what_is_no_place_is_an_error(pruner: Pruner, place: str) -> None:
    pruner.declare(RULES + f"\nevidence: {place}")
    result = pruner.stack.run("validate")
    assert result.code == 1
    assert "evidence" in result.out + result.err


@pytest.mark.parametrize("what", ["file in the way", "link in the way", "pipe in the way", "no right"])
def test_a_place_that_cannot_be_written_keeps_everything(pruner: Pruner, tmp_path: Path, what: str) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    if what == "file in the way":
        pruner.evidence.write_text("ours")
    elif what == "link in the way":
        pruner.evidence.mkdir()
        (pruner.evidence / ".lock").symlink_to(tmp_path / "elsewhere")
    elif what == "pipe in the way":
        pruner.evidence.mkdir()
        os.mkfifo(pruner.evidence / ".lock")
    else:
        pruner.declare(RULES + "\nevidence: /proc/evidence")
    result = prune(pruner)
    assert result.code == 1, result.out + result.err
    assert "nothing is deleted without it" in " ".join(result.err.split())
    assert pruner.left() == {1}
    assert not (tmp_path / "elsewhere").exists()


def test_who_writes_there_is_named_and_nothing_is_deleted(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    other = Folder(pruner.evidence)
    other.claim("ann@build-7, process 4711, called by +15558675310\x1b[2J")
    result = prune(pruner)
    said = " ".join(result.err.split())
    assert result.code == 7
    assert (
        "another run writes its evidence here: ann@build-7, process 4711, called by +1•••••5310\\x1b" in said
    )
    assert "wait with --lock-timeout 10m until that run has ended" in said
    assert pruner.left() == {1}
    other.release()
    assert prune(pruner).code == 0
    assert re.fullmatch(r"\S+@\S+, process \d+, since [\d:TZ-]+", (pruner.evidence / ".lock").read_text())


def test_evidence_is_its_owners_alone_whatever_the_umask(pruner: Pruner) -> None:
    pruner.declare(RULES + "\nevidence: deep/evidence")
    pruner.seed([recording(1, 91)])
    before = os.umask(0)
    try:
        assert prune(pruner).code == 0
    finally:
        os.umask(before)
    deep = pruner.stack.folder / "deep"
    assert {stat.S_IMODE(path.stat().st_mode) for path in (deep, *deep.rglob("*"))} == {0o700, 0o600}


def test_a_planted_summary_is_replaced_and_not_followed(pruner: Pruner, tmp_path: Path) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    pruner.evidence.mkdir()
    victim = tmp_path / "victim"
    victim.write_text("ours")
    stem = "000001"
    (pruner.evidence / f"{stem}.html").symlink_to(victim)
    assert prune(pruner).code == 0
    assert victim.read_text() == "ours"
    assert not (pruner.evidence / f"{stem}.html").is_symlink()


def test_the_page_shows_policy_plan_approvals_and_holds(pruner: Pruner) -> None:
    pruner.declare(
        RULES + f"\nholds: {{case-4711: {{reason: x, match: {{call_sid: [{ca_sid(3)}]}}}}}}",
        safety="safety: {max_recording_deletes: 1, max_delete_percent: 100}\n",
    )
    pruner.seed([recording(n, 91, duration=61) for n in (1, 2, 3)])
    assert prune(pruner, "--approve", "delete:recording=2").code == 0
    (page,) = pruner.evidence.glob("*.html")
    text = unescape(page.read_text())
    for shown in ('keep: "90d"', "2 (4 minutes)", "--approve delete:recording=2", "1 (case-4711)"):
        assert shown in text, shown
    (summary,) = pruner.evidence.glob("*.summary.json")
    document = json.loads(summary.read_text())
    jsonschema.Draft202012Validator(json.loads(schema_text("evidence"))).validate(document)
    (rule,) = document["rules"]
    assert (rule["planned"]["count"], rule["planned"]["held"]) == (2, {"count": 1, "by": ["case-4711"]})
    assert rule["minutes"] == 4


@pytest.fixture
def bucket(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of an empty prefix; the environment leads there."""
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return f"s3://voiceform/{uuid.uuid4()}"


def verified(pruner: Pruner, place: str) -> Any:
    result = pruner.stack.run("prune", "verify", place, "--format", "json")
    assert result.code == 0, result.out + result.err
    return result.json


def test_the_chain_goes_on_in_a_bucket(pruner: Pruner, bucket: str) -> None:
    pruner.declare(RULES + f"\nevidence: {bucket}")
    for night in range(3):
        pruner.seed([recording(1000 * night + n, 91) for n in range(150)])
        result = prune(pruner, "--parallelism", "16")
        assert result.code == 0, result.out + result.err
        pruner.clock.sleep(24 * 3600)
    assert f"Evidence: {bucket}/000003.jsonl" in result.err
    found = verified(pruner, bucket)
    assert (found["files"], found["deleted"], found["notes"]) == (3, 450, [])
    assert not pruner.evidence.exists()


def new_log(place: str, clock: ManualClock) -> EvidenceLog:
    author = Author("ann@host", ACCOUNT, [], "0", timedelta(minutes=1))
    return EvidenceLog(place_of(place, Path()), clock=clock, author=author)


def test_two_runs_do_not_write_into_one_chain(bucket: str) -> None:
    clock = ManualClock(NOW)
    with new_log(bucket, clock), pytest.raises(EvidenceError, match="another run"):
        new_log(bucket, clock)
    with new_log(bucket, clock):
        pass


def test_of_many_that_begin_at_once_one_may(bucket: str) -> None:
    clock = ManualClock(NOW)
    barrier = threading.Barrier(6)
    opened: list[EvidenceLog] = []
    refused: list[EvidenceHeldError] = []

    def begin() -> None:
        barrier.wait()
        try:
            opened.append(new_log(bucket, clock))
        except EvidenceHeldError as error:
            refused.append(error)

    threads = [threading.Thread(target=begin) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(opened), len(refused)) == (1, 5)


@pytest.mark.parametrize("died", ["before", "behind"])
def test_a_run_that_died_a_moment_ago_is_waited_for_as_its_lock_is(
    pruner: Pruner, bucket: str, died: str
) -> None:
    """Locked is not an error: the same command succeeds later. Clocks may differ either way."""
    pruner.declare(RULES + f"\nevidence: {bucket}")
    pruner.seed([recording(1, 91)])
    ahead = timedelta(seconds=40 if died == "behind" else -40)
    new_log(bucket, ManualClock(pruner.clock.now() + ahead)).abandon()
    result = prune(pruner)
    assert result.code == 7, result.out + result.err
    assert "another run writes its evidence here, or died a moment ago" in " ".join(result.err.split())
    assert "wait for it with --lock-timeout 2m" in " ".join(result.err.split())
    assert pruner.left() == {1}
    began = pruner.clock.now()
    done = prune(pruner, "--lock-timeout", "2m")
    assert done.code == 0, done.out + done.err
    assert timedelta(0) < pruner.clock.now() - began <= timedelta(seconds=101)
    assert pruner.left() == set()
    assert verified(pruner, bucket)["files"] == 2


class Waiting(ManualClock):
    """A clock at which something happens in the fourth wait."""

    def __init__(self, now: datetime, then: Callable[[threading.Event], object]) -> None:
        super().__init__(now)
        self._then = then
        self._waits = 0

    def wait(self, event: threading.Event, seconds: float) -> bool:
        self._waits += 1
        if self._waits == 4:
            self._then(event)
        return super().wait(event, seconds)


def test_a_folder_that_another_run_has_is_waited_for_as_long_as_is_said(pruner: Pruner) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    other = Folder(pruner.evidence)
    other.claim("ann@build-7")
    pruner.clock = Waiting(NOW, lambda _: other.release())
    assert prune(pruner, "--lock-timeout", "3s").code == 7
    assert pruner.clock.now() == NOW + timedelta(seconds=3)
    assert pruner.left() == {1}
    done = prune(pruner, "--lock-timeout", "3s")
    assert done.code == 0, done.out + done.err
    assert pruner.clock.now() == NOW + timedelta(seconds=4)


def test_who_waits_for_a_place_can_be_stopped(pruner: Pruner, tmp_path: Path) -> None:
    pruner.declare(RULES)
    pruner.seed([recording(1, 91)])
    Folder(pruner.evidence).claim("ann@build-7")
    pruner.clock = Waiting(NOW, lambda stop: stop.set())
    stopped = prune(pruner, "--lock-timeout", "1h")
    assert stopped.code == 130, stopped.out + stopped.err
    assert pruner.left() == {1}


def test_a_run_that_slept_too_long_cannot_go_on(bucket: str) -> None:
    """What it wants to write is refused, so it deletes nothing more; the chain stays whole."""
    clock = ManualClock(NOW)
    sleeper = new_log(bucket, clock)
    clock.sleep(300)
    with new_log(bucket, clock):
        with suppress(EvidenceLostError):  # on a slow machine it is stored at once
            sleeper.add({"event": "repaired", "file": "x", "dropped_bytes": 1})
        with pytest.raises(EvidenceLostError, match="another run"):
            sleeper.flush()
        with pytest.raises(EvidenceLostError):
            sleeper.ensure_open()
    found = check_place(place_of(bucket, Path()))
    assert (found.problems, found.files) == ([], 2)


def test_a_store_that_breaks_in_the_middle_ends_the_deletions(
    stack: Stack, s3_server: S3Server, bucket: str
) -> None:
    now = datetime.now(UTC)
    pruner = Pruner(stack, now)
    pruner.declare(RULES + f"\nevidence: {bucket}")
    due = 3000
    pruner.seed([recording(n, 91 + n / 1000, now) for n in range(due)])
    stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 99999, "kind": "latency", "delay_ms": 3}]
    )
    proxy = Proxy(s3_server.port)
    try:
        process = stack.start(
            "prune", "--auto-approve", "--parallelism", "4", environ=s3_server.environment(port=proxy.port)
        )
        while process.poll() is None and len(stack.account.writes()) < 100:
            pass
        proxy.cut()
        _, err = process.communicate(timeout=120)
    finally:
        proxy.close()
    assert process.returncode == 5, err
    assert "evidence cannot be written" in " ".join(err.split())
    gone = due - len(pruner.left())
    assert 0 < gone < due
    stack.emulator.faults([])
    pruner.clock = ManualClock(datetime.now(UTC) + timedelta(minutes=10))
    result = prune(pruner)
    assert result.code == 0, result.out + result.err
    assert pruner.left() == set()
    found = verified(pruner, bucket)
    assert found["deleted"] == due, "what was deleted and could not be told is taken down by the next run"


def test_the_head_that_a_run_prints_is_the_one_that_verify_finds(pruner: Pruner) -> None:
    """Also where a hash looks as if it held a phone number."""
    pruner.declare(RULES)
    for number in range(6):
        pruner.seed([recording(number, 91)])
        printed = prune(pruner).err
        found = pruner.verify()
        assert f"Its last line has the hash {found['head']}\n" in printed
        text = pruner.stack.run("prune", "verify", "evidence", "--offline").out
        assert f"Its last line has the hash {found['head']}\n" in text
        assert f"{number + 1:06}.jsonl" in printed
