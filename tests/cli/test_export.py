"""`export`: what it writes is accepted by `validate`, says what is there, and plans nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conference_rooms import Rooms, profiled_emulator, rooms
from tests.support import ACCOUNT

__all__ = ["profiled_emulator", "rooms"]

RICH = """\
version: 1
safety: {max_deletes: 50}
queues:
  support: {friendly_name: Support Desk, max_size: 20, protect: true}
  sales: {max_size: 6}
conferences:
  standup:
    settings: {beep: on-enter, muted: true, max_participants: 40, wait_url: "", region: ie1}
    participants:
      bridge: {to: "+15558675310", from: "+15017122661", muted: false, record: true}
      silent: {to: "+15558675311", from: "+15017122661"}
      boss:
        to: "+15558675312"
        from: "+15017122661"
        coach: bridge
        label: "the boss"
        hold_url: "https://example.com/hold.xml"
        wait_url: ""
        announce: {url: "https://example.com/boss.xml", method: GET}
        recording: {channels: dual, callback: {url: "https://example.com/r", events: [started]}}
        machine_detection: {mode: Enable, callback: {url: "https://example.com/m"}}
        status_callback: {url: "https://example.com/s"}
        caller_id: "+15017122662"
    max_duration: 4h
    announce: {url: "https://example.com/notice.xml"}
  plain: {}
  over: {friendly_name: "Over: all", status: ended}
calls:
  pulse:
    to: ["+12125550103", "sip:anna@example.com"]
    from: "+15017122661"
    answer: {say: {text: "Hello & <welcome>", voice: alice, loop: 2}}
    schedule: {at: 2026-12-24T12:00:00, timezone: America/New_York}
    calling_hours: {start: "08:00", end: "21:00", timezone: Europe/Berlin, days: [mon, tue]}
    do_not_call: [lists/dnc.txt, {file: lists/more.csv, column: phone, allow_empty: true}]
    misfire_grace: 30m
    timeout: 30
    record: true
    machine_detection: Enable
    status_callback: {url: "https://example.com/cb", events: [answered, completed]}
    retry: {attempts: 2, on: [no-answer, busy]}
    pace: 0.5
    on_remove: cancel
    on_change: redirect
    protect: true
  tuned:
    to: "+12125550103"
    from: "+15017122661"
    answer: {say: Hello}
    schedule: {at: 2026-12-24T12:00:00, timezone: UTC}
    recording: {channels: dual, trim: do-not-trim, callback: {url: "https://example.com/r", method: GET}}
    machine_detection: {mode: Enable, timeout: 20, async: true, callback: {url: "https://example.com/m"}}
    fallback: {url: "https://example.com/f"}
    time_limit: 600
    caller_id: "+15017122662"
    call_reason: "Your: visit"
    byoc: BY00000000000000000000000000000001
  digits:
    to: "+12125550103"
    from: "+15017122661"
    answer: {say: Hello}
    schedule: {at: 2026-12-24T12:00:00, timezone: UTC}
    send_digits: "0123"
  weekly:
    to: {csv: people.csv, column: phone}
    from: "+15017122661"
    answer: {conference: standup}
    schedule: {cron: "0 9 * * MON-FRI", timezone: Europe/Berlin, start: 2026-12-01}
  queued:
    to: "+12125550103"
    from: "+15017122661"
    answer: {queue: support}
    schedule: {rrule: "FREQ=WEEKLY;COUNT=3", dtstart: 2026-12-01T09:00:00, timezone: Europe/Berlin}
  linked:
    to: "+12125550103"
    from: "+15017122661"
    answer: {url: "https://example.com/a.xml", method: GET}
    schedule: {at: 2026-12-24T12:00:00, timezone: UTC}
  written:
    to: "+12125550103"
    from: "+15017122661"
    answer: {twiml: "<Response><Say>one</Say><Pause length='1'/></Response>"}
    schedule: {at: 2026-12-24T12:00:00, timezone: UTC}
  app:
    to: "+12125550103"
    from: "+15017122661"
    answer: {application_sid: AP00000000000000000000000000000001}
    schedule: {at: 2026-12-24T12:00:00, timezone: UTC}
retention:
  recordings:
    - name: disputes
      match: {call_sid: [CA00000000000000000000000000000001], number: ["+15558675310"]}
      keep: forever
    - {name: odd-1, match: {source: [Conference, DialVerb], min_duration: 60s}, keep: 365d}
    - {name: erase, match: {from: ["+15558675310"]}, until: 2027-01-01}
    - {name: rest, keep: 90d, archive: {to: "s3://bucket/prefix", format: mp3}}
  call_records:
    - {name: cdr, keep: 300d}
  holds:
    case-4711:
      reason: "a: b"
      match: {from: ["+15558675310"], created: {start: 2026-01-01, end: 2026-07-01}}
"""


def write_rich(rooms: Rooms) -> None:
    rooms.write("+12125550109\n", "lists/dnc.txt")
    (rooms.folder / "lists" / "dnc.txt").write_text("+12125550109\n")
    (rooms.folder / "lists" / "more.csv").write_text("phone\n+12125550108\n")
    (rooms.folder / "people.csv").write_text("name,phone\nAnna,+12125550105\nBen,+12125550106\n")
    rooms.write(RICH)


def replaced(rooms: Rooms, *argv: str) -> str:
    """What `export` writes, in place of the configuration."""
    text = rooms.at("export", *argv).out
    rooms.write(text)
    assert rooms.at("validate").code == 0, rooms.at("validate").err
    return text


def test_what_is_recorded_is_exported_as_it_was_declared(rooms: Rooms) -> None:
    write_rich(rooms)
    rooms.apply()
    assert rooms.code() == 0
    text = replaced(rooms)
    assert rooms.code() == 0, rooms.at("plan").out
    assert rooms.at("export").out == text
    before, after = yaml.load(RICH, yaml.BaseLoader), yaml.load(text, yaml.BaseLoader)
    assert after["queues"] == before["queues"]
    assert after["calls"]["pulse"]["answer"] == before["calls"]["pulse"]["answer"]
    assert after["calls"]["weekly"]["to"] == ["+12125550105", "+12125550106"]
    assert after["calls"]["weekly"]["answer"] == {"conference": "standup"}
    assert after["calls"]["linked"] == before["calls"]["linked"]
    assert after["conferences"]["plain"] == {}
    assert "muted" not in after["conferences"]["standup"]["participants"]["silent"]
    assert [rule["name"] for rule in after["retention"]["recordings"]] == [
        "disputes",
        "odd-1",
        "erase",
        "rest",
    ]
    assert "`evidence` and `prices` are not recorded" in text


def test_exported_to_another_folder_lists_are_still_found(rooms: Rooms) -> None:
    write_rich(rooms)
    rooms.apply()
    assert rooms.at("export", "--out", "sub.yaml").code == 0
    (rooms.folder / "below").mkdir()
    assert rooms.at("export", "--out", "below/all.yaml").code == 0
    declared = yaml.safe_load((rooms.folder / "below" / "all.yaml").read_text())
    assert declared["calls"]["pulse"]["do_not_call"][0] == "../lists/dnc.txt"
    for file in ("sub.yaml", "below/all.yaml"):
        assert rooms.at("-f", file, "plan", "--detailed-exitcode").code == 0


def test_what_an_unmanaged_account_has_is_adopted_and_nothing_is_sent(rooms: Rooms) -> None:
    for name in ("Support", "sales", "yes", "12", "null", "a: b", "# x", "Für Ärzte", "😀", "- x", "${HOME}"):
        rooms.account.post("Queues.json", FriendlyName=name, MaxSize=70)
    board = rooms.room({}, friendly_name="Board Room", region="ie1")
    before = len(rooms.account.writes())
    text = replaced(rooms)
    for name, queue in rooms.account.queues().items():
        assert re.search(rf"^  \S+:  # {queue['sid']}$", text, re.M), name
    assert f"  board-room:  # {board}" in text
    for change in rooms.plan()["changes"]:
        assert change["operations"] == []
        assert change["reason"] == ("adopted" if change["kind"] == "queue" else "declared")
    rooms.apply()
    assert len(rooms.account.writes()) == before
    assert rooms.code() == 0
    assert replaced(rooms) == text
    assert rooms.code() == 0


def seeded(rooms: Rooms, *names: str) -> dict[str, str]:
    """Queues of these names; their SIDs."""
    sids = {name: f"QU{number:032x}" for number, name in enumerate(names, 1)}
    rooms.emulator.seed(
        {
            "account_sid": ACCOUNT,
            "queues": [{"friendly_name": name, "sid": sid, "max_size": 9} for name, sid in sids.items()],
        }
    )
    return sids


def test_what_validate_refuses_is_a_comment_that_says_why(rooms: Rooms) -> None:
    sids = seeded(
        rooms, "Sales", "SALES", "sales", "Support", "Support ", "\tlead", "e\u0301t\u00e9", "\u00e9t\u00e9"
    )
    result = rooms.at("export")
    rooms.write(result.out)
    assert rooms.at("validate").code == 0
    declared = yaml.safe_load(result.out)["queues"]
    assert len(declared) == 3
    told = [line for line in result.out.splitlines() if line.startswith("  # queue.")]
    assert len(told) == 5
    for name, why in (
        ("sales", "differs only in case"),
        ("Support ", "begins or ends with white space"),
        ("\tlead", "begins or ends with white space"),
    ):
        assert any(sids[name] in line and why in line for line in told), name
    assert not any("voiceform.yaml:" in line for line in told)
    assert "Warning: 5 of 8 objects cannot be declared" in result.err
    assert rooms.at("export").out == result.out
    changes = rooms.plan()["changes"]
    assert {(change["reason"], *change["operations"]) for change in changes} == {("adopted",)}


def test_names_that_only_look_alike_are_declared(rooms: Rooms) -> None:
    seeded(rooms, "Line 1", "Line l", "Line  1")
    text = replaced(rooms)
    assert len(yaml.safe_load(text)["queues"]) == 3
    told = [line for line in text.splitlines() if line.startswith("  # queue.")]
    assert len(told) == 2
    assert all("differs only in" in line for line in told)


def test_a_recorded_object_is_declared_before_a_stranger_of_nearly_its_name(rooms: Rooms) -> None:
    rooms.write("queues: {zzz: {friendly_name: Support}}\n")
    rooms.apply()
    rooms.account.post("Queues.json", FriendlyName="support", MaxSize=5)
    text = replaced(rooms)
    assert list(yaml.safe_load(text)["queues"]) == ["zzz"]
    assert rooms.code() == 0


def test_a_recorded_object_that_may_no_longer_be_declared_as_it_is_stays_declared(rooms: Rooms) -> None:
    rooms.write("queues: {support: {max_size: 5}}\n")
    rooms.apply()
    sid = rooms.account.queues()["support"]["sid"]
    rooms.account.post(f"Queues/{sid}.json", FriendlyName="support ")
    result = rooms.at("export")
    assert "begins or ends with white space; here as recorded" in result.out
    assert "queue.support: " in result.err
    rooms.write(result.out)
    (change,) = rooms.plan()["changes"]
    assert (change["action"], change["operations"]) == ("update", ["updateQueue"])


def test_a_recorded_object_that_is_gone_is_told(rooms: Rooms) -> None:
    rooms.write("queues: {support: {max_size: 5}}\n")
    rooms.apply()
    sid = rooms.account.queues()["support"]["sid"]
    rooms.account.delete(f"Queues/{sid}.json")
    text = rooms.at("export").out
    assert f"# queue.support: {sid}: recorded, and gone from the account" in text
    assert "queues" not in yaml.safe_load(text)


def test_two_rooms_of_one_name_are_one_declaration(rooms: Rooms) -> None:
    first = rooms.room({}, friendly_name="board")
    second = rooms.room({}, friendly_name="board")
    text = replaced(rooms)
    assert list(yaml.safe_load(text)["conferences"]) == ["board"]
    assert first in text
    assert second in text


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["--target", "queue.s*"], {"queues": ["sales", "support"]}),
        (["--target", "call.weekly"], {"calls": ["weekly"], "conferences": ["standup"]}),
        (
            ["--target", "call.queued", "--target", "queue.sales"],
            {"calls": ["queued"], "queues": ["sales", "support"]},
        ),
        (["--target", "retention.holds.*"], {"retention": ["holds"]}),
        (["--target", "conference.*", "--exclude", "conference.over"], {"conferences": ["plain", "standup"]}),
    ],
)
def test_a_part_is_exported_with_what_it_needs(
    rooms: Rooms, argv: list[str], expected: dict[str, Any]
) -> None:
    write_rich(rooms)
    rooms.apply()
    found = yaml.safe_load(replaced(rooms, *argv))
    sections = {key: sorted(value) for key, value in found.items() if key not in ("version", "account")}
    assert sections == expected


def test_a_target_that_names_nothing_is_refused(rooms: Rooms) -> None:
    rooms.account.post("Queues.json", FriendlyName="support", MaxSize=5)
    result = rooms.at("export", "--target", "queue.suport")
    assert result.code == 64
    assert "did you mean queue.support?" in result.err


def test_what_the_environment_gave_is_written_as_its_name(rooms: Rooms, tmp_path: Path) -> None:
    rooms.environ |= {"SIG": "5ecret&<1>", "WHO": "12", "GREETING": "Tom & Ann"}
    rooms.write(
        "queues: {a: {friendly_name: '${WHO}'}}\n"
        "conferences: {b: {settings: {wait_url: 'https://example.com/${SIG}'}}}\n"
        "calls: {c: {to: '+12125550103', from: '+15017122661', answer: {say: 'Hello ${GREETING}'},"
        " status_callback: {url: 'https://example.com/$${x}?s=${SIG}'},"
        " schedule: {at: 2026-12-24T12:00:00, timezone: UTC}}}\n"
        "retention: {recordings: [{name: x, keep: forever, archive: {to: 's3://b/${SIG}'}}]}\n"
    )
    rooms.environ["SIG"] = "5ecret"
    rooms.apply()
    text = replaced(rooms)
    assert "5ecret" not in text
    assert "Tom" not in text
    assert 'say: "Hello ${GREETING}"' in text
    assert rooms.code() == 0


def test_a_state_of_another_account_is_refused(rooms: Rooms) -> None:
    rooms.write("queues: {a: {}}\n")
    rooms.apply()
    other = {**rooms.environ, "TWILIO_ACCOUNT_SID": "AC" + "b" * 32}
    result = rooms.run("export", environ=other, clock=rooms.clock)
    assert result.code == 1
    assert "this state records account" in result.err


def test_two_accounts_compared(rooms: Rooms) -> None:
    seeded(rooms, "Support", "Sales")
    assert rooms.at("export", "--out", "a.yaml").code == 0
    sid = rooms.account.queues()["Sales"]["sid"]
    rooms.account.post(f"Queues/{sid}.json", MaxSize=70)
    assert rooms.at("export", "--out", "b.yaml").code == 0
    result = rooms.at("-f", "b.yaml", "plan", "--base", "a.yaml", "--detailed-exitcode")
    assert result.code == 2
    assert "max_size: 9 -> 70" in result.out
    assert "queue.support" not in result.out
