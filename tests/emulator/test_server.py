"""The server itself: many requests at once, the limit, signals, and what can go wrong when it starts."""

from __future__ import annotations

import base64
import os
import resource
import signal
import socket
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from tests.emulator.api import ACCOUNT, TO, Api
from voiceform.emulator import ControlError, Emulator, EmulatorSettings

SERVE = "import sys; from voiceform.emulator import *; serve(EmulatorSettings(port=0, profile='openapi'))"


def _many(api: Api, count: int, path: str) -> Counter[int]:
    api.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=count))
    with ThreadPoolExecutor(count) as pool:
        return Counter(response.status_code for response in pool.map(lambda _: api.get(path), range(count)))


def test_a_hundred_requests_in_flight() -> None:
    with Emulator(latency_ms=200) as emulator, Api(emulator.url) as api:
        assert _many(api, 100, "Queues.json") == {200: 100}
        stats = emulator.stats()
        assert stats["throttled"] == 0
        assert stats["max_in_flight"] > 10


def test_of_what_is_in_flight_writes_are_counted_apart() -> None:
    with Emulator(latency_ms=300) as emulator, Api(emulator.url) as api, ThreadPoolExecutor(8) as pool:
        api.mount("http://", HTTPAdapter(pool_connections=1, pool_maxsize=8))
        reads = [pool.submit(api.get, "Queues.json") for _ in range(5)]
        writes = [pool.submit(api.post, "Queues.json", {"FriendlyName": f"q{n}"}) for n in range(3)]
        assert {answer.result().status_code for answer in (*reads, *writes)} == {200, 201}
        stats = emulator.stats()
        assert 1 <= stats["max_writes_in_flight_by_account"][ACCOUNT] <= 3
        assert stats["max_in_flight_by_account"][ACCOUNT] <= 8


def test_requests_beyond_the_limit_are_refused_and_not_worked_on() -> None:
    with Emulator(latency_ms=300, max_concurrent=5) as emulator, Api(emulator.url) as api:
        statuses = _many(api, 40, "Queues.json")
        assert set(statuses) == {200, 429}
        assert statuses[429] == emulator.stats()["throttled"]
        refused = [entry for entry in emulator.requests() if entry["status"] == 429]
        assert len(refused) == statuses[429]
        assert api.get("Queues.json").status_code == 200


def test_200_000_recordings_are_listed_to_the_end(emulator: Emulator, api: Api) -> None:
    emulator.seed(
        {"generate": {"recordings": {"count": 200_000, "start": "2025-01-01", "end": "2026-01-01"}}}
    )
    page: dict[str, Any] = api.show("Recordings.json?PageSize=1&DateCreated%3C=2025-01-02")
    assert page["recordings"][0]["date_created"] == "Wed, 01 Jan 2025 23:57:30 +0000"
    assert len(api.walk("Recordings.json?PageSize=500&DateCreated=2025-12-31", "recordings")) == 547


def test_two_emulators_share_nothing(emulator: Emulator, api: Api) -> None:
    with Emulator() as second, Api(second.url) as other:
        other.post("Queues.json", {"FriendlyName": "there"})
        second.clock(now="2030-01-01T00:00:00Z", frozen=True)
        second.faults([{"kind": "status", "status": 500}])
        assert api.show("Queues.json")["queues"] == []
        assert emulator.clock()["now"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_foreground_server_says_where_it_is_and_ends_cleanly(number: signal.Signals) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", SERVE], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("Emulator (profile openapi) on http://127.0.0.1:")
        url = line.rsplit(" ", 1)[1].strip()
        assert requests.get(f"{url}/_emulator/stats").status_code == 200
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


def test_a_file_without_room_fails_what_is_written_until_there_is_some(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    code = f"from voiceform.emulator import *; serve(EmulatorSettings(port=0, db={str(tmp_path / 'e.db')!r}))"
    with subprocess.Popen(
        [sys.executable, "-c", code], stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stderr is not None
        try:
            with Api(process.stderr.readline().rsplit(" ", 1)[1].strip()) as api:
                assert api.post("Queues.json", {"FriendlyName": "first"}).status_code == 201
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))
                for _ in range(2):
                    assert api.post("Queues.json", {"FriendlyName": "second"}).status_code == 500
                    assert [queue["friendly_name"] for queue in api.show("Queues.json")["queues"]] == [
                        "first"
                    ]
                seeded = requests.post(
                    f"{api.origin}/_emulator/seed", json={"queues": [{"friendly_name": "third"}]}
                )
                assert seeded.status_code == 500
                resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY,) * 2)
                assert api.post("Queues.json", {"FriendlyName": "second"}).status_code == 201
        finally:
            process.terminate()
        told = process.stderr.read()
    assert told.count("the file of --db cannot be used") == 3
    assert "Traceback" not in told
    with Emulator(db=tmp_path / "e.db") as emulator, Api(emulator.url) as api:
        assert len(api.show("Queues.json")["queues"]) == 2


def test_a_port_that_is_taken(emulator: Emulator) -> None:
    with pytest.raises(OSError, match="in use"):
        Emulator(port=int(emulator.url.rsplit(":", 1)[1])).start()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("something else entirely, and long enough to be looked at" * 20)
    with pytest.raises(ControlError, match=r"notes.txt: file is not a database"):
        Emulator(db=path).start()


@pytest.mark.parametrize(
    "options",
    [
        {"profile": "xml"},
        {"auth": "no-colon"},
        {"latency_ms": -1},
        {"max_concurrent": 0},
        {"calls_per_second": 0},
    ],
)
def test_settings_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"."):
        EmulatorSettings(**options)


def test_the_package_can_be_imported_without_its_extra(tmp_path: Path) -> None:
    for name in ("uvicorn", "httptools"):
        (tmp_path / f"{name}.py").write_text("raise ModuleNotFoundError('not here', name=__name__)")
    code = (
        "from voiceform.emulator import Emulator\n"
        "try:\n    Emulator().start()\n"
        "except ModuleNotFoundError as error:\n    print(error.name)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True
    )
    assert done.stdout.strip() == "uvicorn"


def test_a_call_goes_on_by_itself_in_real_time() -> None:
    with Emulator() as emulator, Api(emulator.url) as api:
        sid = api.call(StatusCallback="https://example.com/x", StatusCallbackEvent="initiated", To=TO)["sid"]
        emulator.clock_advance("2s")
        assert api.show(f"Calls/{sid}.json")["status"] == "ringing"
        assert [sent["params"]["CallStatus"] for sent in emulator.callbacks()] == ["initiated"]


@pytest.mark.parametrize("sent", [b"", b"FriendlyName=half"])
def test_a_request_whose_body_breaks_off_never_happened(emulator: Emulator, sent: bytes) -> None:
    port = int(emulator.url.rpartition(":")[2])
    credentials = base64.b64encode(f"{ACCOUNT}:any".encode()).decode()
    head = (
        f"POST /2010-04-01/Accounts/{ACCOUNT}/Queues.json HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Authorization: Basic {credentials}\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        "Content-Length: 100\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head.encode() + sent)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1024):
            pass
    answer = requests.get(
        f"{emulator.url}/2010-04-01/Accounts/{ACCOUNT}/Queues.json", auth=(ACCOUNT, "any"), timeout=10
    )
    assert answer.json()["queues"] == []
    assert [entry["operation"] for entry in emulator.requests()] == ["listQueues"]


def test_what_is_overridden_of_uvicorn_is_there() -> None:
    """Its protocol is private: a method of another name would be ours alone, and never be called."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    from voiceform.emulator.protocol import patient_protocol

    ours = patient_protocol(1).__mro__[1]
    overridden = {name for name, found in vars(ours).items() if callable(found) and not name.startswith("_")}
    assert len(overridden) >= 5
    assert overridden <= set(dir(HttpToolsProtocol))
