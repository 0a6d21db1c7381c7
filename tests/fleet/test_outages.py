"""Servers that are gone: a thousand stacks do not find it out one after the other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.fleet.fleets import FleetFolder, sid
from voiceform.fleet.jobs import Job
from voiceform.fleet.member import Member, Source
from voiceform.fleet.opening import Settings
from voiceform.fleet.outages import Outages
from voiceform.model.clock import ManualClock
from voiceform.model.diagnostics import Position
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
HERE = "postgresql://db/voice?schema={stack}"


class Passing(ManualClock):
    """A clock that moves whenever somebody looks at it."""

    def now(self) -> datetime:
        self.sleep(9)
        return super().now()


@contextmanager
def hanging_up() -> Iterator[tuple[int, list[int]]]:
    """A server that hangs up on everybody: its port, and one entry for each who came."""
    came: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with suppress(OSError):
                while True:
                    server.accept()[0].close()
                    came.append(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], came
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("command", ["plan", "status"])
def test_who_needs_a_server_that_is_gone_fails_without_asking_again(fleet: FleetFolder, command: str) -> None:
    pytest.importorskip("psycopg")
    fleet.of("s0", "s1", "s2", "s3", "s4")
    with hanging_up() as (port, came):
        state = f"state: postgresql://u@127.0.0.1:{port}/voice?schema={{stack}}&sslmode=disable\n"
        fleet.fleet("  - {template: template, csv: accounts.csv}\n", state)
        done = fleet.run(command, "--format", "json", clock=Passing(NOON))
    stacks = done.json["stacks"]
    asked = [each for each in stacks if "was not asked again" not in str(each["error"])]
    assert len(stacks) == 5
    assert 2 <= len(asked) < 5
    assert len(came) % len(asked) == 0
    assert all("cannot reach the state" in str(each) for each in asked)
    told = {each["error"] for each in stacks if each not in asked}
    assert told == {
        "the server of the state does not answer, as s0 tells, and was not asked again\n"
        "  run it again once it answers"
    }
    assert done.code == 1


def job(name: str, state: str | None = HERE, region: str | None = None, words: str = "") -> Job:
    where = Position("fleet.yaml", 1, 1)
    filled = state and state.replace("{stack}", name)
    known = {"token": Source("command", tuple(words.split()))} if words else {}
    member = Member(name, sid(1), Path(), (), where, state=filled, region=region, credentials=known)
    return Job("plan", member, Settings())


def ended(name: str, server: str = "", code: ExitCode = ExitCode.ERROR) -> StackResult:
    return StackResult(name, sid(1), code, "", unreachable=server)


def of_outage(server: str, clock: ManualClock) -> Outages:
    """What is known after three stacks in half a minute did not reach it."""
    outages = Outages(clock)
    for name in ("a", "b", "c"):
        each = job(name, words=f"vault get voice/{name}")
        assert outages.result(each) is None
        outages.heard(each, ended(name, server))
        clock.sleep(15)
    return outages


@pytest.mark.parametrize(
    ("server", "other", "asks"),
    [
        ("state", job("d"), False),
        ("state", job("d", region="ie1"), False),
        ("state", job("d", "postgresql://db/others?schema={stack}"), True),
        ("state", job("d", "postgresql://other/voice?schema={stack}"), True),
        ("state", job("d", "postgresql://me@db/voice?schema={stack}"), True),
        ("state", job("d", "s3://db/voice"), True),
        ("state", job("d", "sqlite:///d.db"), True),
        ("state", job("d", "postgresql://[${HOST}/voice"), True),
        ("state", job("d", None), True),
        ("api", job("d", None), False),
        ("api", job("d", "s3://db/voice"), False),
        ("api", job("d", region="ie1"), True),
        ("command", job("d", None, words="vault get voice/d"), False),
        ("command", job("d", None, words="vault get voice/d/now"), True),
        ("command", job("d", None, words="pass voice/d"), True),
        ("command", job("d"), True),
    ],
)
def test_only_who_needs_just_that_server_is_not_asked(server: str, other: Job, *, asks: bool) -> None:
    assert (of_outage(server, ManualClock(NOON)).result(other) is None) is asks


def test_a_short_outage_is_nothing() -> None:
    clock = ManualClock(NOON)
    outages = Outages(clock)
    for name in ("a", "b", "c"):
        outages.heard(job(name), ended(name, "state"))
        clock.sleep(9)
    assert outages.result(job("d")) is None


def test_once_in_a_while_one_finds_out_whether_it_is_back() -> None:
    clock = ManualClock(NOON)
    outages = of_outage("state", clock)
    clock.sleep(5)
    assert outages.result(job("d")) is None
    assert outages.result(job("e")) is not None
    outages.heard(job("d"), ended("d", "state"))
    clock.sleep(20)
    assert outages.result(job("f")) is None
    outages.heard(job("f"), ended("f", code=ExitCode.CHANGES))
    assert outages.result(job("g")) is None
    outages.heard(job("g"), ended("g", "state"))
    assert outages.result(job("h")) is None


def test_what_fails_otherwise_says_nothing_of_a_server() -> None:
    clock = ManualClock(NOON)
    outages = Outages(clock)
    outages.heard(job("a"), ended("a", "state"))
    clock.sleep(25)
    outages.heard(job("b"), ended("b"))
    outages.heard(job("c"), ended("c", "state"))
    assert outages.result(job("d")) is not None


def test_what_was_long_ago_is_no_outage_that_lasts() -> None:
    clock = ManualClock(NOON)
    outages = Outages(clock)
    outages.heard(job("a"), ended("a", "state"))
    clock.set(NOON + timedelta(hours=1))
    outages.heard(job("b"), ended("b", "state"))
    assert outages.result(job("c")) is None
