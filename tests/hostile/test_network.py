"""Where requests go: never through a proxy to this machine, never from a recording's redirect into a private
network."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime

import pytest

from tests.twilio.scripted import Server, answer, listening, new_client, queue_row, sid
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.errors import ConnectionFailedError, ProtocolError
from voiceform.twilio.lines import is_public

QUEUE, RECORDING = sid("QU", 1), sid("RE", 1)


@pytest.mark.parametrize("name", ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.9.10"])
def test_this_machine_is_not_reached_through_a_proxy(
    host: str, name: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with listening(answer(200, queue_row(1)), host=host) as server, listening(answer(502)) as proxy:
        monkeypatch.setenv(name, proxy.url)
        with new_client(server.url, clock) as client:
            assert client.fetch_queue(QUEUE).sid == QUEUE
        assert proxy.requests == []
        assert server.targets[0].startswith("/2010-04-01/")


PUBLIC = ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
NOT_PUBLIC = [
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "169.254.169.254", "169.254.170.2", "100.64.0.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
    "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::", "2001:db8::1",
]  # fmt: skip


def test_which_addresses_are_public() -> None:
    assert [address for address in PUBLIC if not is_public(address)] == []
    assert [address for address in NOT_PUBLIC if is_public(address)] == []


@pytest.fixture
def networked() -> Iterator[tuple[Server, Client]]:
    """An API that is not on the loopback interface: on the address of this machine's own name."""
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("192.0.2.1", 9))
            own = probe.getsockname()[0]
    with ExitStack() as stack:
        server = stack.enter_context(listening(host=own))
        client = stack.enter_context(new_client(server.url, ManualClock(datetime(2026, 5, 1, tzinfo=UTC))))
        yield server, client


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "localhost", "[::1]", "audio.localhost", "127.1", "2130706433", "0x7f.1", "0177.0.0.1",
        "169.254.169.254", "0xa9fea9fe", "[fe80::1]", "[fd00:ec2::254]", "10.0.0.1", "192.168.0.1",
        "0.0.0.0", "0",
        "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "100.100.100.200", "localhost.", "LOCALHOST",
    ],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["https", "http"])
def test_audio_is_not_fetched_from_this_machine_or_a_private_network(
    scheme: str, host: str, networked: tuple[Server, Client]
) -> None:
    api, client = networked
    with listening(answer(200, raw=b"the metadata service")) as inside:
        port = inside.url.rpartition(":")[2]
        api.play(answer(302, Location=f"{scheme}://{host}:{port}/latest/meta-data"))
        with pytest.raises((ProtocolError, ConnectionFailedError)) as caught:
            client.download_recording_media(RECORDING)
        assert inside.requests == []
        assert inside._connections == 0
    text = str(caught.value)
    assert any(words in text for words in ("this machine", "private network", "not encrypted")), text
    assert client.transport.throttle.in_flight == 0


def test_the_api_may_send_back_to_itself(networked: tuple[Server, Client]) -> None:
    api, client = networked
    api.play(answer(302, Location=f"{api.url}/elsewhere"), answer(200, raw=b"audio"))
    with client.download_recording_media(RECORDING) as media:
        assert b"".join(media) == b"audio"


def test_a_redirect_that_turns_back_to_a_private_network_later_is_refused_too(
    networked: tuple[Server, Client],
) -> None:
    api, client = networked
    api.play(
        answer(302, Location="/elsewhere"), answer(307, Location="https://169.254.169.254/latest/meta-data")
    )
    with pytest.raises(ProtocolError, match="private network"):
        client.download_recording_media(RECORDING)
