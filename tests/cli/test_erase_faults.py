"""An erasure that is killed, lied to, or has copies to delete: what is left is erased by the next one."""

from __future__ import annotations

import json
import random
import secrets
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
import requests

from tests.cli.pruning import ALICE, BOB, CAROL, call, days_ago, files_below, plain, re_sid, recording
from tests.cli.test_erase import Eraser
from tests.hostile.answers import FOREIGN_404
from tests.hostile.proxy import hostile_proxy
from tests.services import S3Server
from tests.support import ACCOUNT, TOKEN, Stack
from tests.telling import tells_of_alice
from tests.twilio.scripted import answer
from tests.warm.started import Started

MANY = 60
ARCHIVED = "recordings: [{name: all, keep: 90d, archive: {to: '%s'}}]"


@pytest.fixture
def eraser(stack: Stack) -> Eraser:
    eraser = Eraser(stack)
    eraser.declare("recordings: [{name: all, keep: 9999d}]")
    eraser.stack.apply()
    return eraser


def start(eraser: Eraser) -> Started:
    return eraser.stack.start(
        "erase", ALICE, "--reason", "request 4711", "--auto-approve", "--parallelism", "4"
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_killed_erasure_is_made_whole_by_the_next(stack: Stack, seed: int) -> None:
    now = datetime.now(UTC)
    eraser = Eraser(stack, now)
    eraser.declare("recordings: [{name: all, keep: 9999d}]")
    eraser.stack.apply()
    eraser.seed([recording(n, 5, now) for n in range(MANY)], [call(n, 5, now, to=ALICE) for n in range(MANY)])
    eraser.seed([recording(1000, 5, now)], [call(1000, 5, now, to=CAROL)])
    chance = random.Random(seed)
    eraser.stack.emulator.faults(
        [
            {"operation": operation, "times": times, "kind": kind, "delay_ms": 4}
            for operation in ("deleteRecording", "deleteCall")
            for times, kind in ((2, chance.choice(["drop-before", "drop-after"])), (9999, "latency"))
        ]
    )
    process = start(eraser)
    count = chance.randrange(1, 2 * MANY)
    while process.poll() is None and len(eraser.stack.account.writes()) < count:
        time.sleep(0.002)
    time.sleep(chance.random() * 0.02)
    process.kill()
    process.wait()
    eraser.stack.emulator.faults([])
    eraser.stack.run("lock", "break", "--reason", "its holder was killed")
    again = eraser.erase()
    assert again.code == 0, again.out + again.err
    assert eraser.look().json["complete"]
    assert (eraser.left(), eraser.calls_left()) == ({1000}, {1000})
    for event in ("recording", "call-record"):
        told = [
            line["sid"]
            for line in eraser.lines(event)
            if line["status"] in ("deleted", "already-gone", "found-gone")
        ]
        assert len(told) >= MANY
        assert set(told) == {f"{prefix}{n:032x}" for prefix in (told[0][:2],) for n in range(MANY)}
    eraser.verify()


@pytest.mark.parametrize("name", FOREIGN_404)
def test_what_a_proxy_calls_absent_is_not_erased(eraser: Eraser, name: str) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE)])
    with hostile_proxy(eraser.stack.emulator.url) as proxy:
        proxy.rule("DELETE", "/Recordings/", FOREIGN_404[name])
        eraser.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        assert eraser.erase().code == 5
    eraser.stack.environ["VOICEFORM_BASE_URL"] = eraser.stack.emulator.url
    assert (eraser.left(), eraser.calls_left()) == ({1}, {1}), "the record tells whose the recording is"
    eraser.erased()


@pytest.mark.parametrize("table", ["calls", "recordings"])
def test_rows_that_cannot_be_read_are_not_taken_for_nobody_s(eraser: Eraser, table: str) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=CAROL)])
    assert eraser.look().code == 0
    with hostile_proxy(eraser.stack.emulator.url) as proxy:
        proxy.edit("GET", rf"/{table.title()}\.json", lambda page: [row.pop("sid") for row in page[table]])
        eraser.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        found = eraser.look()
        text = eraser.stack.run("erase", "verify", ALICE, clock=eraser.clock)
    assert (found.code, text.code, found.json["complete"]) == (5, 5, False)
    assert [*found.json["unreadable"]] == [{"calls": "call records"}.get(table, table)]
    assert "in lists that could not be read: " in text.out


@pytest.mark.parametrize("path", [r"/Calls\.json\?(?!.*(To|From)=)", r"/Calls\.json\?.*(To|From)="])
def test_what_one_list_leaves_out_the_other_shows(eraser: Eraser, path: str) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE), call(2, 5, to=CAROL)])
    empty = answer(200, {"calls": [], "next_page_uri": None, "page": 0, "page_size": 1000})
    with hostile_proxy(eraser.stack.emulator.url) as proxy:
        proxy.rule("GET", path, empty)
        eraser.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        assert eraser.erase("--approve", "delete:call-record=1").code == 0
    assert (eraser.left(), eraser.calls_left()) == (set(), {2})


def test_a_filter_that_is_ignored_erases_nobody_else(eraser: Eraser) -> None:
    eraser.seed([recording(n, 5) for n in (1, 2)], [call(1, 5, to=ALICE), call(2, 5, to=CAROL)])
    rows = eraser.stack.account
    with hostile_proxy(eraser.stack.emulator.url) as proxy:
        everything = requests.get(f"{rows.base}/Calls.json", auth=(ACCOUNT, TOKEN), timeout=10).json()
        proxy.rule("GET", r"/Calls\.json\?.*(To|From)=", answer(200, everything))
        eraser.stack.environ["VOICEFORM_BASE_URL"] = proxy.url
        assert eraser.erase().code == 0
    assert (eraser.left(), eraser.calls_left()) == ({2}, {2})


def archived(eraser: Eraser, url: str) -> None:
    """Archive and delete the recordings of calls 1 (Alice) and 2 (Carol)."""
    eraser.declare(ARCHIVED % url)
    eraser.seed(
        [recording(n, 91) for n in (1, 2)],
        [call(1, 91, to=ALICE), call(2, 91, to=CAROL), call(3, 91, to=ALICE)],
    )
    eraser.pruned()
    assert eraser.left() == set()


def key(number: int, suffix: str) -> str:
    return f"{ACCOUNT}/{days_ago(91)[:10].replace('-', '/')}/{re_sid(number)}.{suffix}"


def test_archived_copies_go_too(eraser: Eraser, tmp_path: Path) -> None:
    archived(eraser, (tmp_path / "archive of ours").as_uri())
    dry = eraser.erase("--dry-run", auto=False)
    assert "1 archived recording of 2 seen" in plain(dry.out)
    assert files_below(tmp_path / "archive of ours") == {key(n, s) for n in (1, 2) for s in ("wav", "json")}
    result = eraser.erased()
    assert "1 archived recording" in plain(result.out)
    assert files_below(tmp_path / "archive of ours") == {key(2, "wav"), key(2, "json")}
    assert [line["status"] for line in eraser.lines("copy")] == ["deleted"]


def test_the_copy_of_what_a_hold_is_about_stays(eraser: Eraser, tmp_path: Path) -> None:
    archived(eraser, tmp_path.joinpath("a").as_uri())
    eraser.stack.ok("hold", "add", "case", "--reason", "litigation", "--recording", re_sid(1))
    result = eraser.erase()
    assert result.code == 5
    assert "archived recordings kept by the hold case: 1" in plain(result.out)
    assert key(1, "wav") in files_below(tmp_path / "a")
    eraser.stack.ok("hold", "release", "case", "--approve", "release-hold=case")
    assert eraser.calls_left() == {1, 2}, "its record tells whose the copy is"
    eraser.erased()
    assert files_below(tmp_path / "a") == {key(2, "wav"), key(2, "json")}


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", "null", '{"sid": ["RE"]}', '"\\ud800"', "[" * 100_000, "\ufeff{}"], ids=repr
)
def test_a_copy_that_cannot_be_described_is_named(eraser: Eraser, tmp_path: Path, text: str) -> None:
    archived(eraser, tmp_path.joinpath("a").as_uri())
    (tmp_path / "a" / key(1, "json")).write_text(text)
    result = eraser.erase()
    assert key(1, "json") in result.out.replace("\n", "").replace(" ", "")
    assert key(1, "wav") in files_below(tmp_path / "a")


@pytest.mark.parametrize(
    ("name", "value"), [("call_sid", ["CA"]), ("duration", "9"), ("date_created", 5), ("status", None)]
)
def test_a_description_with_a_value_of_another_type_is_no_description(
    eraser: Eraser, tmp_path: Path, name: str, value: object
) -> None:
    archived(eraser, tmp_path.joinpath("a").as_uri())
    described = tmp_path / "a" / key(1, "json")
    described.write_text(json.dumps({**json.loads(described.read_text()), name: value}))
    assert eraser.erase().code == 0
    assert key(1, "wav") in files_below(tmp_path / "a")


def test_a_hold_that_lands_after_the_plan_wins(eraser: Eraser, tmp_path: Path) -> None:
    archived(eraser, tmp_path.joinpath("a").as_uri())
    eraser.seed([recording(3, 5)])
    assert eraser.erase("--out", "p.json", auto=False).code == 0
    eraser.stack.ok("hold", "add", "case", "--reason", "litigation", "--number", ALICE)
    result = eraser.stack.run("apply", "p.json", clock=eraser.clock)
    assert result.code == 5
    assert (eraser.left(), eraser.calls_left()) == ({3}, {1, 2, 3})
    assert key(1, "wav") in files_below(tmp_path / "a")
    eraser.stack.ok("hold", "release", "case", "--approve", "release-hold=case")
    eraser.erased()


def test_evidence_that_cannot_be_written_stops_an_erasure(eraser: Eraser) -> None:
    eraser.seed([recording(1, 5)], [call(1, 5, to=ALICE)])
    eraser.evidence.write_text("not a folder")
    assert eraser.erase().code == 1
    assert (eraser.left(), eraser.calls_left()) == ({1}, {1})


def test_copies_in_a_bucket_go_too(
    eraser: Eraser, s3_server: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("obstore")
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    prefix = secrets.token_hex(4)
    archived(eraser, f"s3://voiceform/{prefix}")
    eraser.erased()
    listed = requests.get(f"{s3_server.endpoint}/voiceform?list-type=2&prefix={prefix}", timeout=30).text
    assert re_sid(1) not in listed
    assert re_sid(2) in listed


def test_a_number_of_ours_is_declared_and_so_blocked(eraser: Eraser) -> None:
    eraser.stack.write(
        "calls:\n  reminder:\n    to: '+15552223333'\n    from: '" + BOB + "'\n"
        "    schedule: {at: 2099-12-01T09:00:00, timezone: UTC}\n    answer: {say: Hello}\n"
    )
    eraser.seed([recording(1, 5)], [call(1, 5, caller=BOB, to=ALICE)])
    assert eraser.erase(number=BOB).code == 4
    assert eraser.left() == {1}


def test_a_terminated_erasure_finishes_what_is_in_flight_and_goes_on_later(stack: Stack) -> None:
    now = datetime.now(UTC)
    eraser = Eraser(stack, now)
    eraser.declare("recordings: [{name: all, keep: 9999d}]")
    eraser.stack.apply()
    eraser.seed([recording(n, 5, now) for n in range(MANY)], [call(n, 5, now, to=ALICE) for n in range(MANY)])
    stack.emulator.faults(
        [{"operation": "deleteRecording", "times": 9999, "kind": "latency", "delay_ms": 20}]
    )
    process = start(eraser)
    while process.poll() is None and len(stack.account.writes()) < 8:
        time.sleep(0.002)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 5
    gone = set(range(MANY)) - eraser.left()
    assert 0 < len(gone) < MANY
    assert {number for number, status in eraser.statuses().items() if status == "deleted"} == gone
    assert eraser.calls_left() == set(range(MANY)), "nothing else was begun"
    stack.emulator.faults([])
    eraser.erased("--report-json", "report.json", "--metrics", "metrics.prom")
    assert (eraser.left(), eraser.calls_left()) == (set(), set())
    reported = (stack.folder / "report.json").read_text() + (stack.folder / "metrics.prom").read_text()
    assert not tells_of_alice(reported)
