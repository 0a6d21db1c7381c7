"""Credentials that a command, a file or another account has: what goes wrong there is told, and nothing of
what is secret."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from tests.fleet.fleets import TOKEN, FleetFolder, sid
from tests.fleet.processes import alive, wait_for_end
from tests.hostile.proxy import hostile_proxy
from voiceform.fleet.credentials import credential
from voiceform.fleet.member import Source
from voiceform.model.errors import CredentialsError, InterruptedRunError

SECRET = "s.hush-hush-4711"
NEVER = threading.Event()


def asked(folder: Path, script: str, **environ: str) -> str:
    """What a command of the shell has as a credential."""
    given = {"PATH": os.environ["PATH"], **environ}
    return credential(Source("command", ("sh", "-c", script), folder), given, NEVER)


def test_the_first_line_is_the_credential(tmp_path: Path) -> None:
    assert asked(tmp_path, "echo one; echo two") == "one"
    assert asked(tmp_path, "printf 'one\r\ntwo'") == "one"
    assert asked(tmp_path, "echo careful >&2; echo one") == "one"
    assert asked(tmp_path, "pwd") == str(tmp_path)
    assert asked(tmp_path, 'echo "${TWILIO_AUTH_TOKEN-none}"', TWILIO_AUTH_TOKEN="x") == "none"


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("exit 0", "the output of sh is not set or empty"),
        ("echo; echo one", "the output of sh is not set or empty"),
        ("echo 'you are not signed in'", "the output of sh holds no credential"),
        ("printf '\\033[31mred'", "the output of sh holds no credential"),
        ("head -c 100000 /dev/zero | tr '\\0' x", "the output of sh holds no credential"),
        ("exit 3", "sh ended with 3\n"),
        ("kill -9 $$", "sh was killed by signal 9\n"),
        ("echo no such path >&2; exit 2", "sh ended with 2: no such path\n"),
        ("echo begins >&2; echo 'and ends' >&2; exit 2", "sh ended with 2: and ends\n"),
        (f"echo {SECRET}; echo cannot lease {SECRET} >&2; exit 2", "cannot lease (sensitive)"),
        ("echo cannot lease $VAULT_TOKEN >&2; exit 2", "cannot lease (sensitive)"),
        ("echo call +15558675310 >&2; exit 2", "call +1"),
        (f"echo Authorization: Bearer {SECRET} >&2; exit 2", "Authorization: Bearer (sensitive)"),
        (f"head -c 100000 /dev/zero | tr '\\0' x >&2; printf {SECRET} >&2; exit 2", "sh ended with 2\n"),
    ],
)
def test_a_command_that_has_none_is_told_without_what_is_secret(
    tmp_path: Path, script: str, said: str
) -> None:
    with pytest.raises(CredentialsError) as caught:
        asked(tmp_path, script, VAULT_TOKEN=SECRET)
    told = str(caught.value)
    assert said in told
    assert SECRET not in told
    assert "5558675310" not in told
    assert len(told) < 400


def test_what_a_command_leaves_behind_is_not_waited_for(tmp_path: Path) -> None:
    assert asked(tmp_path, "sleep 100 & echo $! > left; echo one") == "one"
    pid = int((tmp_path / "left").read_text())
    assert alive(pid)
    os.kill(pid, 9)


def test_a_command_that_hangs_ends_with_all_that_it_started_when_we_are_to_stop(tmp_path: Path) -> None:
    stop, ended = threading.Event(), []
    source = Source(
        "command", ("sh", "-c", "sleep 100 & echo $$ $! > pids.new; mv pids.new pids; wait"), tmp_path
    )

    def ask() -> None:
        try:
            credential(source, dict(os.environ), stop)
        except InterruptedRunError as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    while not (tmp_path / "pids").exists():
        assert thread.is_alive()
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert len(ended) == 1
    for pid in (tmp_path / "pids").read_text().split():
        wait_for_end(int(pid))


def test_what_a_command_prints_without_end_is_not_kept(tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        assert (
            asked(tmp_path, "echo one; head -c 30000000 /dev/zero; head -c 30000000 /dev/zero >&2") == "one"
        )
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_a_file_is_a_file_and_nothing_that_is_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "two").write_text("one\ntwo\n")
    (tmp_path / "link").symlink_to("good")
    (tmp_path / "good").write_text(f"{SECRET}\n")
    for name, said in {
        "pipe": "is no regular file",
        "/dev/zero": "is no regular file",
        ".": "Is a directory",
        "two": "holds no credential",
        "none": "No such file",
    }.items():
        with pytest.raises(CredentialsError, match=said):
            credential(Source("file", (name,), tmp_path), {}, NEVER)
    assert credential(Source("file", ("link",), tmp_path), {}, NEVER) == SECRET


def test_ctrl_c_while_a_command_hangs_begins_nothing(fleet: FleetFolder) -> None:
    """Through the whole: of what was not begun nothing is told but that it was not."""
    from voiceform.fleet.fleet import Fleet

    fleet.of("acme")
    stop = threading.Event()
    command = json.dumps(["sh", "-c", "echo > began; exec sleep 100"])
    text = (fleet.folder / "fleet.yaml").read_text()
    fleet.write("fleet.yaml", text.replace("{env: TOKEN}", f"{{command: {command}}}"))
    made = Fleet(folder=fleet.folder, environ={**os.environ, **fleet.environ}, jobs=1, stop=stop)
    reports = []
    thread = threading.Thread(target=lambda: reports.append(made.plan()))
    thread.start()
    while not (fleet.folder / "began").exists():
        assert thread.is_alive()
        time.sleep(0.01)
    stop.set()
    thread.join()
    assert reports[0].interrupted
    assert reports[0].done == 0
    assert fleet.emulator.requests() == []


def test_the_token_of_a_parent_account_signs_in_for_its_subaccounts(fleet: FleetFolder) -> None:
    fleet.of("acme", "beta")
    text = (fleet.folder / "fleet.yaml").read_text()
    fleet.write("fleet.yaml", text.replace("{token:", f"{{account: {sid(99)}, token:"))
    with hostile_proxy(fleet.emulator.url) as proxy:
        fleet.environ["VOICEFORM_BASE_URL"] = proxy.url
        done = fleet.run("plan", "--format", "json")
        logins = {
            (seen.target.split("/")[3], base64.b64decode(seen.headers["authorization"].split()[1]).decode())
            for seen in proxy.requests
        }
    assert logins == {(sid(1), f"{sid(99)}:{TOKEN}"), (sid(2), f"{sid(99)}:{TOKEN}")}
    assert done.code == 1  # the emulator knows no subaccounts, and lets an account into itself alone
    assert TOKEN not in done.out + done.err
