from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.twilio.scripted import (
    RESET,
    ROOT,
    Server,
    answer,
    error,
    listening,
    new_client,
    sid,
)
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.errors import ApiError, ConnectionFailedError, NotFoundError, ProtocolError

AUDIO = bytes(range(256)) * 1000
RECORDING = sid("RE", 1)


@pytest.fixture
def storage() -> Iterator[Server]:
    """Another host (another port is another origin)."""
    with listening(answer(200, raw=AUDIO, Content_Type="audio/mpeg")) as running:
        yield running


def test_audio_arrives_in_pieces(server: Server, client: Client) -> None:
    server.play(answer(200, raw=AUDIO, Content_Type="audio/x-wav"))
    with client.download_recording_media(RECORDING) as media:
        pieces = list(media)
    assert b"".join(pieces) == AUDIO
    assert len(pieces) > 1
    assert (media.content_type, media.length) == ("audio/x-wav", len(AUDIO))
    assert server.targets == [f"{ROOT}/Recordings/{RECORDING}.wav"]
    assert server.requests[0].headers["authorization"].startswith("Basic ")


def test_kind_and_channels(server: Server, client: Client) -> None:
    server.play(answer(200, raw=AUDIO))
    client.download_recording_media(RECORDING, kind="mp3", channels=2).close()
    assert server.targets == [f"{ROOT}/Recordings/{RECORDING}.mp3?RequestedChannels=2"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_another_host_does_not_see_the_sign_in(
    status: int, server: Server, client: Client, storage: Server
) -> None:
    server.play(answer(status, Location=f"{storage.url}/bucket/x.mp3?signature=1"))
    with client.download_recording_media(RECORDING) as media:
        assert b"".join(media) == AUDIO
    assert storage.targets == ["/bucket/x.mp3?signature=1"]
    assert "authorization" not in storage.requests[0].headers


def test_the_own_host_does(server: Server, client: Client) -> None:
    server.play(answer(302, Location="/elsewhere?x=1"), answer(200, raw=AUDIO))
    with client.download_recording_media(RECORDING) as media:
        assert b"".join(media) == AUDIO
    assert server.targets[1] == "/elsewhere?x=1"
    assert "authorization" in server.requests[1].headers


@pytest.mark.parametrize(
    "location",
    [
        "http://storage.example.com/x",
        "ftp://127.0.0.1/x",
        "file:///etc/passwd",
        "https://user:password@example.com/",
        "https://[::1",
        "https:///x",
        "http://127.0.0.1/\x80",
        "http://127.0.0.1/ x",
        "",
    ],
)
def test_redirects_that_lead_astray_are_refused(location: str, server: Server, client: Client) -> None:
    server.play(answer(302, Location=location))
    with pytest.raises(ProtocolError):
        client.download_recording_media(RECORDING)
    assert len(server.requests) == 1
    assert client.transport.throttle.in_flight == 0


@pytest.mark.parametrize("character", ["\x01", "\x00", "\x7f", "\r"])
def test_a_redirect_that_no_header_may_hold_is_no_http(
    character: str, server: Server, client: Client
) -> None:
    server.play(answer(302, Location=f"http://127.0.0.1/{character}X: y"))
    with pytest.raises(ConnectionFailedError, match="not HTTP"):
        client.download_recording_media(RECORDING)
    assert client.transport.throttle.in_flight == 0


def test_a_circle_of_redirects_ends(server: Server, client: Client) -> None:
    server.play(answer(302, Location="/again"))
    with pytest.raises(ConnectionFailedError, match="redirected too often"):
        client.download_recording_media(RECORDING)


def test_cut_audio_is_an_error_and_not_short_audio(server: Server, client: Client) -> None:
    server.play(answer(200, raw=AUDIO[:1000], Content_Length=str(len(AUDIO))))
    with (
        client.download_recording_media(RECORDING) as media,
        pytest.raises(ConnectionFailedError, match="incomplete"),
    ):
        list(media)


def test_opening_is_repeated(server: Server, client: Client) -> None:
    server.play(RESET, error(429, 20429), error(500, 20500), answer(200, raw=AUDIO))
    with client.download_recording_media(RECORDING) as media:
        assert b"".join(media) == AUDIO
    assert client.transport.throttle.limit == 4


def test_refusals(server: Server, client: Client) -> None:
    server.play(error(404, 20404))
    with pytest.raises(NotFoundError):
        client.download_recording_media(RECORDING)
    server.play(error(400, 16113, "mono"))
    with pytest.raises(ApiError) as caught:
        client.download_recording_media(RECORDING, channels=2)
    assert caught.value.code == 16113
    assert client.transport.throttle.in_flight == 0


def test_a_download_counts_as_in_flight_until_it_is_closed(server: Server, clock: ManualClock) -> None:
    server.play(answer(200, raw=AUDIO))
    with new_client(server.url, clock) as client:
        media = client.download_recording_media(RECORDING)
        assert client.transport.throttle.in_flight == 1
        media.close()
        media.close()
        assert client.transport.throttle.in_flight == 0
