"""Who may use the emulator, and how long and large a request may be."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.emulator.api import ACCOUNT
from voiceform.emulator import ControlError, Emulator, EmulatorSettings

AUTH = f"{ACCOUNT}:secret"


@pytest.fixture(scope="module")
def guarded() -> Iterator[Emulator]:
    with Emulator(auth=AUTH) as emulator:
        yield emulator


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "emulator.example.com"])
def test_a_host_that_others_can_reach_needs_credentials(host: str) -> None:
    with pytest.raises(ValueError, match="--auth"):
        EmulatorSettings(host=host)
    assert EmulatorSettings(host=host, auth=AUTH).host == host


@pytest.mark.parametrize("path", ["", "requests", "snapshot", "callbacks", "clock"])
def test_credentials_guard_the_unofficial_corner_too(guarded: Emulator, path: str) -> None:
    url = f"{guarded.url}/_emulator/{path}"
    assert requests.get(url, timeout=10).status_code == 401
    assert requests.get(url, auth=(ACCOUNT, "wrong"), timeout=10).status_code == 401
    assert requests.get(url, auth=(ACCOUNT, "secret"), timeout=10).status_code == 200
    assert requests.post(f"{guarded.url}/_emulator/reset", timeout=10).status_code == 401
    assert guarded.requests() == []  # the helpers sign in by themselves


@pytest.mark.parametrize("host", ["rebound.example.com", "rebound.example.com:8765", "[::1", ""])
def test_a_name_that_was_made_to_lead_here_reads_nothing(emulator: Emulator, host: str) -> None:
    answer = requests.get(f"{emulator.url}/_emulator/requests", headers={"Host": host}, timeout=10)
    assert answer.status_code in (400, 403)
    for own in ("localhost:8765", "127.0.0.1", "[::1]:8765"):
        answer = requests.get(f"{emulator.url}/_emulator/requests", headers={"Host": own}, timeout=10)
        assert answer.status_code == 200


def test_what_is_generated_at_once_is_bounded(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match=r"generate\.recordings\.count: \d+ is not .* to 5,000,000"):
        emulator.seed({"generate": {"recordings": {"count": 10**12}}})


def test_a_head_without_end_is_refused(emulator: Emulator) -> None:
    with _connection(emulator) as connection:
        connection.sendall(b"GET /_emulator/stats HTTP/1.1\r\n")
        received = b""
        try:
            for _ in range(10_000):
                connection.sendall(b"X: " + b"y" * 1000 + b"\r\n")
        except OSError:
            pass
        else:
            received = connection.recv(100)
            assert received.startswith(b"HTTP/1.1 431")
    assert requests.get(f"{emulator.url}/_emulator/stats", timeout=10).status_code == 200


def test_a_long_head_that_ends_is_read(emulator: Emulator) -> None:
    headers = {f"X-{number}": "y" * 1000 for number in range(50)}
    for _ in range(3):
        answer = requests.get(f"{emulator.url}/_emulator/stats", headers=headers, timeout=10)
        assert answer.status_code == 200


def test_an_answer_leaves_in_one_piece(emulator: Emulator) -> None:
    """Each piece wakes the client, which costs both sides more than the answer itself."""
    with _connection(emulator) as connection:
        for _ in range(20):
            connection.sendall(b"GET /_emulator/stats HTTP/1.1\r\nHost: localhost\r\n\r\n")
            head, _, body = connection.recv(65_536).partition(b"\r\n\r\n")
            assert f"content-length: {len(body)}\r\n".encode() in head + b"\r\n"
            assert json.loads(body)["requests"] == 0


def test_answers_to_requests_that_came_together_are_whole_and_in_order(emulator: Emulator) -> None:
    with _connection(emulator) as connection:
        first, last = (
            f"GET /_emulator/{name} HTTP/1.1\r\nHost: localhost\r\n" for name in ("stats", "clock")
        )
        connection.sendall(f"{first}\r\n{last}Connection: close\r\n\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(65_536), b""))
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert 0 < received.index(b'"by_operation"') < received.index(b'"frozen"')


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\nhalf"])
def test_a_request_that_does_not_arrive_is_given_up(sent: bytes) -> None:
    with Emulator(request_timeout=0.2) as emulator, _connection(emulator) as connection:
        connection.sendall(sent)
        connection.settimeout(20)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(100) == b""
        assert requests.get(f"{emulator.url}/_emulator/stats", timeout=10).status_code == 200


@pytest.mark.parametrize("name", ["seed.json", "seed.yaml"])
def test_a_seed_as_other_programs_write_json(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text(json.dumps({"queues": [{"friendly_name": "\U0001f691 Notfall"}]}))
    assert "\\ud83d" in path.read_text()
    with Emulator(seed=path) as emulator:
        url = f"{emulator.url}/2010-04-01/Accounts/{ACCOUNT}/Queues.json"
        (queue,) = requests.get(url, auth=(ACCOUNT, "any"), timeout=10).json()["queues"]
    assert queue["friendly_name"] == "\U0001f691 Notfall"


def test_half_a_surrogate_pair_is_an_error_with_a_reason(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="surrogate"):
        emulator.seed({"queues": [{"friendly_name": "\ud83d"}]})


def _connection(emulator: Emulator) -> socket.socket:
    return socket.create_connection(("127.0.0.1", int(emulator.url.rpartition(":")[2])), timeout=20)
