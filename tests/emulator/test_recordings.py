from __future__ import annotations

import io
import wave

import pytest
import requests

from tests.emulator.api import Api, error
from voiceform.emulator import Emulator


def _only(api: Api, path: str = "Recordings.json") -> dict[str, object]:
    rows = api.show(path)["recordings"]
    assert len(rows) == 1
    return dict(rows[0])


def test_a_recorded_call_leaves_a_recording(emulator: Emulator, api: Api) -> None:
    call = api.call(Record="true", RecordingChannels="dual")
    emulator.clock_advance("10s")
    running = _only(api)
    assert (running["status"], running["source"], running["channels"]) == ("in-progress", "OutboundAPI", 2)
    assert (running["duration"], running["price"], running["call_sid"]) == (None, None, call["sid"])
    emulator.clock_advance("16s")
    assert _only(api)["status"] == "processing"
    emulator.clock_advance("1m")
    done = _only(api)
    assert (done["status"], done["duration"], done["price"]) == ("completed", "20", "-0.00250")
    assert api.show(f"Calls/{call['sid']}/Recordings.json")["recordings"] == [done]
    assert api.show(f"Recordings/{done['sid']}.json") == done


def test_a_call_in_progress_can_be_recorded(emulator: Emulator, api: Api) -> None:
    call = api.call()
    path = f"Calls/{call['sid']}/Recordings.json"
    assert error(api.post(path)) == (400, 21220)
    emulator.clock_advance("10s")
    started = api.post(path, {"RecordingChannels": "mono"})
    assert started.status_code == 201
    assert (started.json()["status"], started.json()["source"]) == ("in-progress", "StartCallRecordingAPI")
    emulator.switches(recording_start_status=200)
    assert api.post(path).status_code == 200
    emulator.clock_advance("1h")
    assert {row["status"] for row in api.show(path)["recordings"]} == {"completed"}
    assert error(api.post(path)) == (400, 21220)


def test_the_record_verb_and_a_recording_of_nothing(emulator: Emulator, api: Api) -> None:
    api.call(Twiml="<Response><Record maxLength='7'/></Response>")
    emulator.clock_advance("1h")
    recording = _only(api)
    assert (recording["source"], recording["duration"], recording["status"]) == (
        "RecordVerb",
        "7",
        "completed",
    )
    api.call(Record="true", Twiml="<Response/>")
    emulator.clock_advance("1h")
    assert [row["status"] for row in api.show("Recordings.json")["recordings"]] == ["absent", "completed"]


def test_a_deleted_recording_is_remembered_for_40_days(emulator: Emulator, api: Api) -> None:
    emulator.seed({"recordings": [{"duration": 5}, {"duration": 6}]})
    kept, gone = api.show("Recordings.json")["recordings"]
    path = f"Recordings/{gone['sid']}"
    assert api.delete(f"{path}.json").status_code == 204
    assert error(api.get(f"{path}.json")) == (404, 20404)
    assert error(api.delete(f"{path}.json")) == (404, 20404)
    assert error(api.delete(f"{path}.json?IncludeSoftDeleted=true")) == (404, 20404)
    for suffix in ("", ".wav", ".mp3"):
        assert error(api.get(path + suffix)) == (404, 20404)
    assert _only(api) == kept
    remembered = api.show(f"{path}.json?IncludeSoftDeleted=true")
    assert (remembered["status"], remembered["duration"]) == ("deleted", gone["duration"])
    assert len(api.show("Recordings.json?IncludeSoftDeleted=true")["recordings"]) == 2
    emulator.clock_advance("39d")
    assert len(api.show("Recordings.json?IncludeSoftDeleted=true")["recordings"]) == 2
    emulator.clock_advance("2d")
    assert api.show("Recordings.json?IncludeSoftDeleted=true")["recordings"] == [kept]
    assert error(api.get(f"{path}.json?IncludeSoftDeleted=true")) == (404, 20404)


def test_a_running_recording_is_deleted_only_by_a_switch(emulator: Emulator, api: Api) -> None:
    api.call(Record="true")
    emulator.clock_advance("10s")
    path = f"Recordings/{_only(api)['sid']}.json"
    assert error(api.delete(path)) == (409, 20009)
    emulator.switches(live_recording_delete_refused=False)
    assert api.delete(path).status_code == 204
    emulator.clock_advance("1h")
    assert api.show("Recordings.json")["recordings"] == []


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "4321"),
        ({"DateCreated": "2026-01-02"}, "32"),
        ({"DateCreated<": "2026-01-02"}, "1"),
        ({"DateCreated>": "2026-01-02"}, "432"),
        ({"DateCreated>": "2026-01-02T10:00:00Z", "DateCreated<": "2026-01-03"}, "3"),
        ({"CallSid": "CA" + "2" * 32}, "2"),
        ({"ConferenceSid": "CF" + "3" * 32}, "3"),
        ({"CreatedBefore": "2020-01-01"}, "4321"),
    ],
)
def test_filters(emulator: Emulator, api: Api, query: dict[str, str], found: str) -> None:
    emulator.seed(
        {
            "recordings": [
                {"date_created": "2026-01-01T23:59:59Z", "duration": "1"},
                {"date_created": "2026-01-02T00:00:00Z", "duration": "2", "call_sid": "CA" + "2" * 32},
                {"date_created": "2026-01-02T11:00:00Z", "duration": "3", "conference_sid": "CF" + "3" * 32},
                {"date_created": "2026-01-03T00:00:00Z", "duration": "4", "source": "Conference"},
            ]
        }
    )
    rows = api.get("Recordings.json", params=query).json()["recordings"]
    assert "".join(row["duration"] for row in rows) == found


def test_the_audio(emulator: Emulator, api: Api) -> None:
    emulator.seed({"recordings": [{"channels": 1, "duration": 3}, {"channels": 2}, {"status": "processing"}]})
    running, stereo, mono = api.show("Recordings.json")["recordings"]
    path = f"Recordings/{mono['sid']}"
    answer = api.get(f"{path}.wav")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "audio/x-wav")
    with wave.open(io.BytesIO(answer.content)) as audio:
        assert (audio.getnchannels(), audio.getframerate(), audio.getnframes()) == (1, 8000, 24000)
    assert error(api.get(f"{path}.wav?RequestedChannels=2")) == (400, 16113)
    with wave.open(io.BytesIO(api.get(f"Recordings/{stereo['sid']}.wav").content)) as audio:
        assert audio.getnchannels() == 2
    other = api.get(f"Recordings/{stereo['sid']}.wav?RequestedChannels=1").content
    assert other != answer.content
    assert error(api.get(f"Recordings/{running['sid']}.wav")) == (404, 20404)


def test_the_audio_as_mp3(emulator: Emulator, api: Api) -> None:
    emulator.seed({"recordings": [{}]})
    sid = _only(api)["sid"]
    answer = api.get(f"Recordings/{sid}.mp3")
    assert answer.headers["Content-Type"] == "audio/mpeg"
    tag, audio = answer.content[:10], answer.content
    length = int.from_bytes(bytes(tag[6:8])) * 128 * 128 + tag[8] * 128 + tag[9]
    assert str(sid).encode() in audio[: 10 + length]
    frames = audio[10 + length :]
    # MPEG-2 layer III at 32 kbit/s and 22,050 Hz: frames of 104 bytes that each begin with their header.
    assert len(frames) % 104 == 0
    assert all(frames[start : start + 4] == b"\xff\xf3\x40\xc4" for start in range(0, len(frames), 104))


@pytest.mark.parametrize(
    "details",
    [
        {"public_key_sid": "CR" + "1" * 32, "encrypted_cek": "a2V5", "iv": "aXY=", "type": "rsa-aes"},
        {"encryption_public_key_sid": "CR" + "1" * 32, "encryption_cek": "a2V5", "encryption_iv": "aXY="},
    ],
)
def test_an_encrypted_recording_can_be_had_as_it_is_only(
    emulator: Emulator, api: Api, details: dict[str, str]
) -> None:
    sid = "RE" + "1" * 32
    emulator.seed({"recordings": [{"sid": sid, "duration": 10, "encryption_details": details}]})
    assert api.show(f"Recordings/{sid}.json")["encryption_details"] == details
    whole = requests.get(f"{api.base}Recordings/{sid}.wav", auth=api.auth, timeout=10)
    assert whole.status_code == 200
    assert not whole.content.startswith(b"RIFF")
    refused = requests.get(f"{api.base}Recordings/{sid}.mp3", auth=api.auth, timeout=10)
    assert (refused.status_code, refused.json()["code"]) == (400, 16109)
