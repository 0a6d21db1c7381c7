"""Archive before delete: to a folder and to an S3 server over HTTP."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import stat
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.cli.pruning import Pruner, days_ago, files_below, plain, re_sid, recording
from tests.hostile.answers import NOT_THE_WAV
from tests.hostile.proxy import hostile_proxy
from tests.services import S3Server
from tests.support import ACCOUNT, TOKEN, Stack

pytest.importorskip("obstore")


@pytest.fixture
def pruner(stack: Stack) -> Pruner:
    return Pruner(stack)


def rules(url: str, kind: str = "wav") -> str:
    return f"recordings: [{{name: all, keep: 90d, archive: {{to: '{url}', format: {kind}}}}}]"


def audio(pruner: Pruner, number: int, kind: str) -> bytes:
    url = f"{pruner.stack.account.base}/Recordings/{re_sid(number)}.{kind}"
    answer = requests.get(url, auth=(ACCOUNT, TOKEN), timeout=30)
    answer.raise_for_status()
    return answer.content


def key(number: int, days: float, suffix: str) -> str:
    return f"{ACCOUNT}/{days_ago(days)[:10].replace('-', '/')}/{re_sid(number)}.{suffix}"


@pytest.mark.parametrize("kind", ["wav", "mp3"])
def test_a_folder_gets_audio_and_description(pruner: Pruner, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "archive of ours"
    pruner.declare(rules(folder.as_uri(), kind))
    pruner.seed([recording(1, 91, source="Conference"), recording(2, 92), recording(3, 10)])
    originals = {number: audio(pruner, number, kind) for number in (1, 2)}
    pruner.pruned()
    assert pruner.left() == {3}
    assert files_below(folder) == {
        key(number, days, suffix) for number, days in ((1, 91), (2, 92)) for suffix in (kind, "json")
    }
    for number, days in ((1, 91), (2, 92)):
        copied = folder / key(number, days, kind)
        assert copied.read_bytes() == originals[number]
        assert stat.S_IMODE(copied.stat().st_mode) == 0o600
        described = json.loads((folder / key(number, days, "json")).read_text())
        assert described["audio"]["sha256"] == hashlib.sha256(originals[number]).hexdigest()
        assert described["audio"]["bytes"] == len(originals[number])
    (line,) = [line for line in pruner.lines() if line["sid"] == re_sid(1)]
    assert line["archive"]["sha256"] == hashlib.sha256(originals[1]).hexdigest()
    assert line["archive"]["location"] == f"{folder.as_uri()}/{key(1, 91, kind)}"


def test_a_bucket_over_http(pruner: Pruner, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    prefix = secrets.token_hex(6)
    pruner.declare(rules(f"s3://voiceform/{prefix}", "mp3"))
    pruner.seed([recording(n, 91 + n) for n in range(12)])
    originals = {number: audio(pruner, number, "mp3") for number in range(12)}
    pruner.pruned()
    assert pruner.left() == set()
    for number, original in originals.items():
        url = f"{s3_server.endpoint}/voiceform/{prefix}/{key(number, 91 + number, 'mp3')}"
        assert requests.get(url, timeout=30).content == original


def test_a_bucket_that_is_not_there_keeps_everything(
    pruner: Pruner, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    pruner.declare(rules(f"s3://nowhere-{secrets.token_hex(6)}/x"))
    pruner.seed([recording(n, 91) for n in range(3)])
    result = pruner.prune()
    assert result.code == 5
    assert "the copy cannot be written" in plain(result.out)
    assert pruner.left() == {0, 1, 2}
    assert set(pruner.statuses().values()) == {"failed"}


def fault(kind: str, times: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"operation": "fetchRecordingMedia", "times": times, "kind": kind, **fields}]


@pytest.mark.parametrize("kind", ["truncate", "drop-before", "drop-after"])
def test_a_copy_that_breaks_off_never_counts(pruner: Pruner, tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "archive"
    pruner.declare(rules(folder.as_uri()))
    pruner.seed([recording(n, 91 + n) for n in range(6)])
    originals = {number: audio(pruner, number, "wav") for number in range(6)}
    pruner.stack.emulator.faults(fault(kind, 3))
    first = pruner.prune("--parallelism", "1")
    failed = {number for number, status in pruner.statuses().items() if status == "failed"}
    assert pruner.left() == failed
    assert (first.code == 5) == bool(failed)
    pruner.stack.emulator.faults([])
    pruner.pruned()
    assert pruner.left() == set()
    for number, original in originals.items():
        assert (folder / key(number, 91 + number, "wav")).read_bytes() == original


def test_one_failed_archive_does_not_keep_the_others(pruner: Pruner, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    pruner.declare(rules(folder.as_uri()))
    pruner.seed([recording(n, 91 + n) for n in range(6)])
    pruner.stack.emulator.faults(fault("status", 1, status=400, code=16109))
    result = pruner.prune("--parallelism", "1")
    assert len(pruner.left()) == 1, result.out
    assert sorted(pruner.statuses().values()) == ["deleted"] * 5 + ["failed"]


def test_audio_that_is_missing_is_not_a_recording_that_is_gone(pruner: Pruner, tmp_path: Path) -> None:
    pruner.declare(rules((tmp_path / "archive").as_uri()))
    pruner.seed([recording(1, 91)])
    pruner.stack.emulator.faults(fault("status", 999, status=404, code=20404))
    assert pruner.prune().code == 5
    assert pruner.left() == {1}
    assert pruner.statuses() == {1: "failed"}


def test_what_never_had_audio_is_archived_as_a_description(pruner: Pruner, tmp_path: Path) -> None:
    folder = tmp_path / "archive"
    pruner.declare(rules(folder.as_uri()))
    pruner.seed([recording(1, 91, status="absent")])
    pruner.pruned()
    assert pruner.left() == set()
    assert files_below(folder) == {key(1, 91, "json")}
    assert json.loads((folder / key(1, 91, "json")).read_text())["audio"] is None


def test_a_folder_that_cannot_be_written_keeps_everything(pruner: Pruner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    pruner.declare(rules((tmp_path / "file" / "archive").as_uri()))
    pruner.seed([recording(1, 91)])
    assert pruner.prune().code == 5
    assert pruner.left() == {1}


def test_nothing_that_is_not_the_audio_gets_into_a_bucket(
    pruner: Pruner, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    prefix = secrets.token_hex(6)
    pruner.declare(rules(f"s3://voiceform/{prefix}"))
    pruner.seed([recording(1, 91)])
    with hostile_proxy(pruner.stack.emulator.url) as proxy:
        proxy.rule("GET", r"/Recordings/RE\w+\.wav", NOT_THE_WAV["cut with an honest length"])
        pruner.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        assert pruner.prune().code == 5
    pruner.stack.environ["VOICEFORM_BASE_URL"] = pruner.stack.emulator.url
    assert pruner.left() == {1}
    listed = requests.get(f"{s3_server.endpoint}/voiceform?list-type=2&prefix={prefix}", timeout=30).text
    assert "<Key>" not in listed
    pruner.pruned()


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_copies_are_their_owners_alone_whatever_the_umask(pruner: Pruner, tmp_path: Path, mask: int) -> None:
    folder = tmp_path / "deep" / "archive"
    pruner.declare(rules(folder.as_uri()))
    pruner.seed([recording(1, 91)])
    before = os.umask(mask)
    try:
        pruner.pruned()
    finally:
        os.umask(before)
    assert pruner.left() == set()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (folder.parent, *folder.parent.rglob("*"))}
    assert modes <= {0o600, 0o700}


def plant(pruner: Pruner, folder: Path, what: str, elsewhere: Path) -> None:
    """Put a link where a copy or one of its folders is to come."""
    copy = folder / key(1, 91, "wav")
    place = {"account": folder / ACCOUNT, "day": copy.parent, "audio": copy}[what]
    place.parent.mkdir(parents=True)
    place.symlink_to(elsewhere if what == "audio" else elsewhere.parent)


@pytest.mark.parametrize("what", ["account", "day", "audio"])
def test_a_planted_link_leads_nowhere(pruner: Pruner, tmp_path: Path, what: str) -> None:
    folder, elsewhere = tmp_path / "archive", tmp_path / "home" / "precious"
    elsewhere.parent.mkdir()
    elsewhere.write_text("ours")
    plant(pruner, folder, what, elsewhere)
    pruner.declare(rules(folder.as_uri()))
    pruner.seed([recording(1, 91)])
    code = pruner.prune().code
    assert files_below(elsewhere.parent) == {"precious"}
    assert elsewhere.read_text() == "ours"
    if what == "audio":  # the copy takes the link's place
        assert code == 0
        assert not (folder / key(1, 91, "wav")).is_symlink()
    else:
        assert (code, pruner.left()) == (5, {1})
