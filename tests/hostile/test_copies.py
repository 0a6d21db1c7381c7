"""A copy is proof only if it is the audio; for anything else the recording stays, and evidence says why."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cli.pruning import Pruner, files_below, recording
from tests.hostile.answers import (
    ENCRYPTED_ROW,
    LENGTH_OF_THE_ROW,
    NOT_THE_ENCRYPTED,
    NOT_THE_MP3,
    NOT_THE_WAV,
    audio,
    wav,
)
from tests.hostile.proxy import hostile_proxy
from tests.support import Stack
from tests.twilio.scripted import listening, new_client, sid
from voiceform.kinds.retention.storage.archive import ArchiveError, ObjectArchive
from voiceform.model.clock import ManualClock
from voiceform.twilio.resources import Recording

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
CASES = [("wav", name, row) for name, row in NOT_THE_WAV.items()]
CASES += [("mp3", name, row) for name, row in NOT_THE_MP3.items()]


@pytest.mark.parametrize(("kind", "name", "row"), CASES, ids=[f"{kind}: {name}" for kind, name, _ in CASES])
def test_what_is_not_the_audio_keeps_the_recording(
    stack: Stack, tmp_path: Path, kind: str, name: str, row: bytes
) -> None:
    pruner = Pruner(stack)
    folder = tmp_path / "archive"
    pruner.declare(
        f"recordings: [{{name: all, keep: 90d, archive: {{to: '{folder.as_uri()}', format: {kind}}}}}]"
    )
    pruner.seed([recording(1, 91, duration=LENGTH_OF_THE_ROW)])
    with hostile_proxy(stack.emulator.url) as proxy:
        proxy.rule("GET", rf"/Recordings/RE\w+\.{kind}", row)
        stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        result = pruner.prune()
        assert proxy.seen("DELETE", "") == []
    assert result.code == 5, result.out + result.err
    assert pruner.left() == {1}
    (line,) = pruner.lines()
    assert (line["status"], line["archive"]) == ("failed", None)
    assert "not its audio" in line["reason"] or "cannot be read" in line["reason"]
    assert files_below(folder) == set()


def encrypted(**fields: Any) -> Recording:
    return Recording.parse(
        {
            "sid": sid("RE", 1),
            "status": "completed",
            "duration": str(LENGTH_OF_THE_ROW),
            "date_created": "Sun, 01 Feb 2026 12:00:00 +0000",
            "encryption_details": ENCRYPTED_ROW,
            **fields,
        }
    )


def archive(folder: Path, row: Recording, answer: bytes) -> Any:
    """What archiving gives, asked for mp3."""
    with listening(answer) as server:
        found = ObjectArchive(folder.as_uri(), "mp3").store(row, new_client(server.url, ManualClock(NOW)))
        assert all(target.endswith(".wav") for target in server.targets)
    return found


@pytest.mark.parametrize(
    "details",
    [ENCRYPTED_ROW, {"type": "rsa-aes", "public_key_sid": "CR1", "encrypted_cek": "Y2Vr", "iv": "aXY="}],
)
@pytest.mark.parametrize("content_type", ["audio/x-wav", "application/octet-stream"])
def test_an_encrypted_recording_is_kept_as_it_is_with_its_details(
    tmp_path: Path, details: dict[str, str], content_type: str
) -> None:
    body = b"\x9c" * 960_044
    copy = archive(tmp_path, encrypted(encryption_details=details), audio(body, content_type))
    (described,) = tmp_path.rglob("*.json")
    assert json.loads(described.read_text())["encryption_details"] == details
    assert described.with_suffix(".wav").read_bytes() == body
    assert copy.size == len(body)


@pytest.mark.parametrize("name", NOT_THE_ENCRYPTED)
def test_what_cannot_be_an_encrypted_recording_is_no_copy(tmp_path: Path, name: str) -> None:
    with pytest.raises(ArchiveError, match="not its audio"):
        archive(tmp_path, encrypted(), NOT_THE_ENCRYPTED[name])
    assert files_below(tmp_path) == set()


@pytest.mark.parametrize("details", [{}, {"type": "rsa-aes"}, {**ENCRYPTED_ROW, "encryption_iv": ""}])
def test_without_its_details_an_encrypted_copy_would_be_noise(
    tmp_path: Path, details: dict[str, str]
) -> None:
    with pytest.raises(ArchiveError, match="decrypting"):
        archive(tmp_path, encrypted(encryption_details=details), audio(b"\x9c" * 960_044, "audio/x-wav"))


@pytest.mark.parametrize("duration", [None, "-1", ""])
def test_without_a_duration_nobody_can_tell_that_it_is_whole(tmp_path: Path, duration: str | None) -> None:
    row = encrypted(encryption_details=None, duration=duration)
    with listening(audio(wav(60), "audio/x-wav")) as server, pytest.raises(ArchiveError, match="duration"):
        ObjectArchive(tmp_path.as_uri(), "wav").store(row, new_client(server.url, ManualClock(NOW)))
