"""The wire keeps its promises on every way to the API: plain, in TLS, and through each sort of proxy."""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
import trustme

from tests.hostile.answers import BROKEN, FOREIGN_REFUSALS, TWILIO_404
from tests.hostile.test_bounds import on_a_thread
from tests.twilio.scripted import (
    ACCOUNT,
    ROOT,
    SILENCE,
    TOKEN,
    Step,
    Unfinished,
    answer,
    error,
    listening,
    new_client,
    queue_row,
    sid,
)
from tests.twilio.ways import ADDRESS, NAME, PASSWORD, USER, WAYS, Entrance, Way, authority, entrance
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.errors import (
    ConnectionFailedError,
    StoppedError,
    TwilioError,
    TwilioOutcomeUnknownError,
)
from voiceform.twilio.parameters import CreateCall
from voiceform.twilio.retry import RetryPolicy
from voiceform.twilio.wire import Timeouts, Wire

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
ONCE = RetryPolicy(attempts=1, throttled_attempts=1)
QUICK = Timeouts(connect=5, read=0.3)
PATIENT = Timeouts(connect=600, read=600, total=600)
QUEUE = sid("QU", 1)
CALL = CreateCall(to="+15558675310", from_="+15017122661", twiml="<Response/>")
PROXIED = {name: way for name, way in WAYS.items() if way.proxy}
ENCRYPTED = {name: way for name, way in WAYS.items() if way.has_tls}


def audio_of(client: Client) -> bytes:
    with client.download_recording_media(sid("RE", 1), limit=8_000_000) as media:
        return b"".join(media)


OPERATIONS: dict[str, Callable[[Client], object]] = {
    "fetchQueue": lambda client: client.fetch_queue(QUEUE),
    "createCall": lambda client: client.create_call(CALL),
    "downloadRecordingMedia": audio_of,
}
ANSWERS: dict[str, Step] = {
    **BROKEN,
    **{f"404: {name}": step for name, step in (FOREIGN_REFUSALS | TWILIO_404).items()},
    "429": error(429, 20429, Retry_After="1"),
    "500": error(500, 20500),
    "503 with a page": answer(503, raw=b"<html>", Retry_After="soon"),
    "302": answer(302, Location="/elsewhere"),
    "308": answer(308, Location=f"{ROOT}/Queues.json"),
    "a cookie": answer(200, queue_row(1), Set_Cookie="a=b; Path=/"),
    "401 that asks": answer(401, raw=b"", WWW_Authenticate='Digest realm="x", nonce="y"'),
}


def client_of(url: str, *, timeouts: Timeouts = QUICK) -> Client:
    return new_client(url, ManualClock(NOW), timeouts=timeouts, retry=ONCE)


@contextmanager
def meeting(
    way: Way, monkeypatch: pytest.MonkeyPatch, folder: Path, *script: Step, password: str = PASSWORD
) -> Iterator[tuple[Entrance, Client]]:
    """A server at the end of a way, and a client that goes it."""
    with (
        entrance(way, monkeypatch, folder, *script, password=password) as server,
        client_of(server.url) as client,
    ):
        yield server, client


def outcome(url: str, act: Callable[[Client], object]) -> str:
    """What a person would read, without where it was asked."""
    with client_of(url) as client:
        try:
            act(client)
        except TwilioError as caught:
            said = f"{type(caught).__name__}: {caught}".replace(url, "ORIGIN")
            return said.replace("was reset", "was closed without an answer")  # within TLS it is the same
        finally:
            assert client.transport.throttle.in_flight == 0
    return "done"


@pytest.fixture(scope="session")
def directly() -> Callable[[str], dict[str, str]]:
    """What each operation comes to on the plain way, by the answer's name."""
    known: dict[str, dict[str, str]] = {}

    def outcomes(name: str) -> dict[str, str]:
        if name not in known:
            known[name] = {}
            for operation, act in OPERATIONS.items():
                with listening(ANSWERS[name]) as server:
                    known[name][operation] = outcome(server.url, act)
        return known[name]

    return outcomes


@pytest.mark.parametrize(
    "way", ["tls", "proxy", "proxy in tls", "tunnel", "tunnel in tls", "socks5h", "socks5h and tls"]
)
@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_means_the_same_on_every_way(
    name: str,
    way: str,
    directly: Callable[[str], dict[str, str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """And no request of any operation is sent more than once, or with what an answer would have liked."""
    found = {}
    for operation, act in OPERATIONS.items():
        with entrance(WAYS[way], monkeypatch, tmp_path, ANSWERS[name]) as server:
            found[operation] = outcome(server.url, act)
            followed = 5 if operation == "downloadRecordingMedia" and name.startswith("30") else 0
            assert len(server.requests) <= 1 + followed
            assert not any("cookie" in seen.headers for seen in server.requests)
    assert found == directly(name)


@pytest.mark.parametrize("way", WAYS)
def test_what_arrives_is_the_same_request(way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with meeting(WAYS[way], monkeypatch, tmp_path, answer(200, queue_row(1))) as (server, client):
        client.fetch_queue(QUEUE)
        client.update_queue(QUEUE, max_size=7)
    read, write = server.requests
    path = f"{ROOT}/Queues/{QUEUE}.json"
    through = WAYS[way].proxy in ("http", "https") and WAYS[way].scheme == "http"
    assert {read.target, write.target} == {f"http://{NAME}{path}" if through else path}
    assert (read.method, write.method, write.body) == ("GET", "POST", "MaxSize=7")
    sign_in = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    for seen in (read, write):
        assert seen.headers["host"] == server.url.partition("://")[2]
        assert seen.headers["authorization"] == f"Basic {sign_in}"
        assert ("proxy-authorization" in seen.headers) is (through and WAYS[way].sign_in)


@pytest.mark.parametrize("way", WAYS)
def test_connections_are_kept_but_not_for_what_phones_somebody(
    way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    good = {
        "GET": answer(200, queue_row(1)),
        "DELETE": answer(204),
        "POST": answer(201, {"sid": sid("CA", 1)}),
    }
    rows: Step = lambda seen: good[seen.method]  # noqa: E731
    with entrance(WAYS[way], monkeypatch, tmp_path, rows) as server, client_of(server.url) as client:
        client.fetch_queue(QUEUE)
        client.delete_queue(QUEUE)
        client.create_call(CALL)
        client.create_call(CALL)
        client.fetch_queue(QUEUE)
    assert [seen.connection for seen in server.requests] == [1, 1, 2, 3, 1]
    assert [seen.headers.get("connection") for seen in server.requests] == [
        None,
        None,
        "close",
        "close",
        None,
    ]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("surplus", [answer(404, raw=b""), b"\r\n", b"x"], ids=["answer", "line", "byte"])
def test_what_comes_behind_an_answer_is_not_that_to_the_next_request(
    surplus: bytes, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with meeting(WAYS[way], monkeypatch, tmp_path, answer(200, queue_row(1)) + surplus) as (server, client):
        for _ in range(3):
            assert client.fetch_queue(QUEUE).sid == QUEUE
    assert len(server.requests) == 3


@pytest.mark.parametrize("way", WAYS)
def test_the_right_to_send_is_asked_with_nothing_left_to_wait_for(
    way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On a new connection and on a kept one: what stands between is done by then, and no byte has left."""

    class LostError(Exception):
        pass

    with entrance(WAYS[way], monkeypatch, tmp_path, answer(204)) as server:
        seen_when_asked: list[tuple[int, int]] = []
        lost = False

        def may_send() -> None:
            seen_when_asked.append((len(server.passed), len(server.requests)))
            if lost:
                raise LostError

        wire = Wire(
            Credentials(ACCOUNT, ACCOUNT, TOKEN), server.url, connections=2, timeouts=QUICK, may_send=may_send
        )
        wire.exchange("DELETE", "/x")
        wire.exchange("GET", "/x")
        lost = True
        for alone in (False, True):
            with pytest.raises(LostError):
                wire.exchange("DELETE", "/x", alone=alone)
        wire.close()
        assert len(server.requests) == 2
    through = 1 if server.passed else 0
    assert seen_when_asked[:2] == [(through, 0), (through, 2)]
    assert len(seen_when_asked) == 3


REFUSALS = {
    "http": {
        "403": answer(403),
        "407": answer(407, Proxy_Authenticate="Basic"),
        "502": answer(502, raw=b"<html>"),
        "302": answer(302, Location="https://elsewhere.example.com/"),
        "200 with a page": answer(200, raw=b"<html>Sign in</html>"),
        "101": answer(101),
        "not HTTP": b"220 smtp.example.com ESMTP\r\n\r\n",
        "cut": b"HTTP/1.1 200 OK\r\n",
        "too large": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400_000,
    },
    "socks5h": {
        "not allowed": b"\x05\x02\x00\x01" + bytes(6),
        "unreachable": b"\x05\x04\x00\x01" + bytes(6),
        "a code that is none": b"\x05\x77\x00\x01" + bytes(6),
        "another version": b"\x04\x5b" + bytes(6),
        "cut": b"\x05",
    },
    "socks4": {"rejected": b"\x00\x5b" + bytes(6), "another version": b"\x05\x00" + bytes(6)},
}
REFUSED = [
    (way, name)
    for way, proxy in (
        ("tunnel", "http"), ("tunnel in tls", "http"), ("socks5h", "socks5h"), ("socks5h and tls", "socks5h"),
        ("socks5", "socks5h"), ("socks4", "socks4"), ("socks4a", "socks4"),
    )
    for name in REFUSALS[proxy]
]  # fmt: skip


@pytest.mark.parametrize(("way", "name"), REFUSED)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_proxy_that_refuses_means_that_nothing_was_sent(
    operation: str, way: str, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    kind = "http" if way.startswith("tunnel") else way.partition(" ")[0]
    kind = {"socks5": "socks5h", "socks4a": "socks4"}.get(kind, kind)
    with entrance(WAYS[way], monkeypatch, tmp_path, answer(200, {})) as server:
        server.refusal = REFUSALS[kind][name]
        with client_of(server.url) as client, pytest.raises(ConnectionFailedError, match="nothing was sent"):
            OPERATIONS[operation](client)
    assert server.requests == []


@pytest.mark.parametrize("way", ["tunnel with sign-in", "socks5h with sign-in", "proxy with sign-in"])
def test_a_proxy_is_told_who_asks(way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with meeting(WAYS[way], monkeypatch, tmp_path, answer(200, queue_row(1))) as (server, client):
        client.fetch_queue(QUEUE)
    encoded = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    told = [*server.asked, *(seen.headers.get("proxy-authorization", "") for seen in server.requests)]
    assert any(f"{USER}/{PASSWORD}" in text or f"Basic {encoded}" in text for text in told)
    assert not any(TOKEN in text for text in server.asked)


def test_a_wrong_password_for_a_socks_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    way = WAYS["socks5h with sign-in"]
    with (
        meeting(way, monkeypatch, tmp_path, answer(200, {}), password="wr0ng") as (server, client),
        pytest.raises(ConnectionFailedError, match="refuses") as caught,
    ):
        client.create_call(CALL)
    assert "wr0ng" not in str(caught.value)
    assert server.passed == []


@pytest.mark.parametrize("way", PROXIED)
def test_a_proxy_connects_to_the_api_alone(way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with meeting(WAYS[way], monkeypatch, tmp_path, answer(200, queue_row(1))) as (server, client):
        client.fetch_queue(QUEUE)
    port = 443 if WAYS[way].scheme == "https" else 80
    assert set(server.passed) <= {f"{WAYS[way].host}:{port}"}
    assert len(server.requests) == 1


WRONG_CERTIFICATES: dict[str, Callable[[], trustme.LeafCert]] = {
    "of another host": lambda: authority().issue_cert("elsewhere.example.test"),
    "of nobody who is trusted": lambda: trustme.CA().issue_cert(NAME, ADDRESS, "127.0.0.1"),
    "expired": lambda: authority().issue_cert(
        NAME, ADDRESS, "127.0.0.1", not_after=datetime.now(UTC) - timedelta(days=1),
        not_before=datetime.now(UTC) - timedelta(days=9),
    ),
}  # fmt: skip


@pytest.mark.parametrize("way", ENCRYPTED)
@pytest.mark.parametrize("wrong", WRONG_CERTIFICATES)
def test_a_certificate_that_is_not_trusted_ends_it_before_anything_is_sent(
    wrong: str, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """That of the API and that of a proxy, wherever there is one."""
    for whose in ("certificate", "proxy_certificate"):
        if (WAYS[way].scheme if whose == "certificate" else WAYS[way].proxy) != "https":
            continue
        with entrance(WAYS[way], monkeypatch, tmp_path, answer(200, {})) as server:
            setattr(server, whose, WRONG_CERTIFICATES[wrong]())
            for operation in OPERATIONS.values():
                with (
                    client_of(server.url) as client,
                    pytest.raises(ConnectionFailedError, match=r"not trusted[^$]*nothing was sent"),
                ):
                    operation(client)
            assert server.requests == []


@pytest.mark.parametrize("way", ENCRYPTED)
def test_the_bundle_of_the_environment_is_what_is_trusted(
    way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with entrance(WAYS[way], monkeypatch, tmp_path, answer(200, queue_row(1)), trusted=False) as server:
        bundle = str(tmp_path / "own.pem")
        authority().cert_pem.write_to_path(bundle)
        assert "not trusted" in outcome(server.url, OPERATIONS["fetchQueue"])
        for name in ("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
            monkeypatch.setenv(name, bundle)
            assert outcome(server.url, OPERATIONS["fetchQueue"]) == "done"
            monkeypatch.setenv(name, str(tmp_path))  # a folder of none
            assert "not trusted" in outcome(server.url, OPERATIONS["fetchQueue"])


@pytest.mark.parametrize(
    "way", [name for name, way in WAYS.items() if way.arrives_late or way.scheme == "https"]
)
def test_cancel_ends_the_way_there(way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a handshake, before a proxy's yes: nothing was sent, and nothing here waits for a timeout."""
    with entrance(WAYS[way], monkeypatch, tmp_path, answer(200, {})) as server:
        server.stall = True
        client = client_of(server.url, timeouts=PATIENT)
        with on_a_thread(lambda: client.create_call(CALL)) as raised:
            assert server.arrived.wait(10)
            client.cancel()
    assert [type(caught) for caught in raised] == [StoppedError]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "hangs",
    [SILENCE, Unfinished(b"HTTP/1.1 200 OK\r\nX: "), Unfinished(b"HTTP/1.1 200 OK\r\n\r\n{")],
    ids=["before the answer", "in the headers", "in the body"],
)
def test_cancel_ends_what_hangs_and_forgets_no_doubt(
    hangs: bytes, way: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    arrived = threading.Event()

    def reached(_: object) -> bytes:
        arrived.set()
        return hangs

    endings = {
        "fetchQueue": StoppedError,
        "createCall": TwilioOutcomeUnknownError,
    }
    for operation, ending in endings.items():
        arrived.clear()
        with entrance(WAYS[way], monkeypatch, tmp_path, reached) as server:
            client = client_of(server.url, timeouts=PATIENT)
            with on_a_thread(partial(OPERATIONS[operation], client)) as raised:
                assert arrived.wait(10)
                client.cancel()
        assert [type(caught) for caught in raised] == [ending]
