"""`voiceform emulator` as a process of its own."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests.services import missing
from tests.support import ACCOUNT, TOKEN, Stack

READY = re.compile(r"Emulator \(profile (\w+)\) on (http://127\.0\.0\.1:\d+)\n")
TALK = "<Response><Pause length='60'/></Response>"


@contextmanager
def running(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The process and its origin; it is killed if the test fails before ending it."""
    with subprocess.Popen(
        [sys.executable, "-m", "voiceform", "-C", folder, "emulator", "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            ready = READY.fullmatch(process.stderr.readline())
            assert ready is not None
            assert ready[1] == ("openapi" if "openapi" in options else "twilio")
            yield process, ready[2]
        finally:
            process.kill()


def api(origin: str, path: str, **form: str) -> requests.Response:
    url = f"{origin}/2010-04-01/Accounts/{ACCOUNT}/{path}"
    return requests.request("POST" if form else "GET", url, data=form, auth=(ACCOUNT, TOKEN), timeout=30)


def end(process: subprocess.Popen[str], number: int) -> tuple[int, str, str]:
    """Exit code and what was still written."""
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_persists_and_ends_cleanly(tmp_path: Path, number: int) -> None:
    with running(tmp_path, "--db", "emulator.db") as (process, origin):
        created = api(origin, "Queues.json", FriendlyName="kept").json()
        assert created["friendly_name"] == "kept"
        requests.post(f"{origin}/_emulator/clock", json={"now": "2026-03-01", "frozen": True}, timeout=30)
        assert end(process, number) == (0, "", "")
    assert (tmp_path / "emulator.db").exists()
    with running(tmp_path, "--db", "emulator.db") as (process, origin):
        assert api(origin, "Queues.json").json()["queues"] == [created]
        clock = requests.get(f"{origin}/_emulator/clock", timeout=30).json()
        assert clock == {"now": "2026-03-01T00:00:00Z", "frozen": True}
        assert end(process, number)[0] == 0


def test_it_serves_curl(tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl", "apt-get install -y curl")
    with running(tmp_path, "--profile", "openapi", "--auth", f"{ACCOUNT}:{TOKEN}") as (_, origin):
        url = f"{origin}/2010-04-01/Accounts/{ACCOUNT}/Queues.json"
        form = ["--data-urlencode", "FriendlyName=by curl", "--data", "MaxSize=7"]

        def curl(token: str) -> str:
            told = ["curl", "--silent", "--noproxy", "*", "--write-out", " %{http_code}"]
            return subprocess.run(
                [*told, "--user", f"{ACCOUNT}:{token}", *form, url],
                capture_output=True,
                text=True,
                check=True,
                timeout=60,
            ).stdout

        assert re.search(r'"friendly_name":"by curl".*"max_size":7\S* 201$', curl(TOKEN))
        assert re.search(r'"code":20003.* 401$', curl("wrong"))


def test_seed_verified_numbers_and_dialling_speed(tmp_path: Path) -> None:
    (tmp_path / "seed.yaml").write_text("queues: [{friendly_name: seeded, current_size: 3}]\n")
    options = ["--seed", "seed.yaml", "--calls-per-second", "0.5"]
    options += ["--verified", "(501) 712-2661", "--verified", "+15017122662"]
    with running(tmp_path, *options) as (_, origin):
        assert api(origin, "Queues.json").json()["queues"][0]["current_size"] == 3
        requests.post(f"{origin}/_emulator/clock", json={"frozen": True}, timeout=30)
        for number in ("+15017122661", "+15017122662"):
            made = api(origin, "Calls.json", To="+15558675310", From=number, Twiml=TALK)
            assert made.status_code == 201
        refused = api(origin, "Calls.json", To="+15558675310", From="+15017122663", Twiml=TALK)
        assert (refused.status_code, refused.json()["code"]) == (400, 21210)
        # At one call in two seconds the second one still waits when the first one rings.
        requests.post(f"{origin}/_emulator/clock", json={"advance": "1900ms"}, timeout=30)
        statuses = [call["status"] for call in api(origin, "Calls.json").json()["calls"]]
        assert sorted(statuses) == ["queued", "ringing"]


def test_a_port_in_use(stack: Stack) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = stack.run("emulator", "--port", port)
    assert result.code == 1
    assert f"the emulator cannot listen on 127.0.0.1 port {port}: Address already in use" in result.err
    assert "choose another --port" in result.err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "No such file or directory"),
        ("queues: [", "while parsing"),
        ("queues: [{max_size: 3}]", "queues[0].friendly_name: is required"),
        ("- a", "must be an object"),
    ],
)
def test_a_seed_that_cannot_be_used(stack: Stack, text: str | None, reason: str) -> None:
    path = stack.folder / "seed.yaml"
    if text is not None:
        path.write_text(text)
    result = stack.run("emulator", "--port", "0", "--seed", "seed.yaml")
    assert result.code == 1
    assert str(path) in result.err
    assert reason in result.err
    assert "Traceback" not in result.err


def test_a_file_that_is_no_database(stack: Stack) -> None:
    (stack.folder / "notes.txt").write_text("not a database, but quite a long text\n" * 100)
    result = stack.run("emulator", "--port", "0", "--db", "notes.txt")
    assert result.code == 1
    assert "notes.txt" in result.err
    assert (stack.folder / "notes.txt").read_text().startswith("not a database")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--calls-per-second", "0"], "calls_per_second must be positive"),
        (["--verified", "nobody"], "--verified nobody: not a phone number"),
        (["--auth", "nobody"], "auth must be SID:TOKEN"),
        (["--latency", "-1"], "latency must not be negative"),
        (["--max-concurrent", "0"], "max_concurrent must be at least 1"),
        (["--profile", "other"], "'other' is not one of"),
        (["--port", "99999"], "99999 is not in the range"),
    ],
)
def test_options_that_make_no_sense(stack: Stack, options: list[str], reason: str) -> None:
    result = stack.run("emulator", "--port", "0", *options)
    assert result.code == 64
    assert reason in result.err


def test_the_state_is_no_database_for_an_emulator(stack: Stack) -> None:
    stack.queues(support=10)
    stack.apply()
    before = stack.ok("state", "pull").out
    result = stack.run("emulator", "--port", "0", "--db", ".voiceform/state.db")
    assert result.code == 1
    assert "the database of another program" in result.err
    assert stack.ok("state", "pull").out == before
