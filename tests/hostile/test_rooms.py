"""Nobody is phoned again because a list, or an unknown status, does not show that they are there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cli.conference_rooms import BRIDGE, Rooms, profiled_emulator, rooms
from tests.hostile.answers import FOREIGN_404
from tests.hostile.proxy import Proxy, hostile_proxy

__all__ = ["profiled_emulator", "rooms"]

WITH_BRIDGE = f"participants: {{bridge: {BRIDGE}}}"
STARTED = f"participants: {{bridge: {BRIDGE}}}\nstart: true"
PEOPLE = r"/Conferences/CF\w+/Participants\.json"
PERSON = r"/Conferences/CF\w+/Participants/[^/?]+\.json"
ROOMS = r"/Conferences\.json"


@pytest.fixture
def proxied(rooms: Rooms) -> Iterator[tuple[Rooms, Proxy]]:
    with hostile_proxy(rooms.emulator.url) as proxy:
        rooms.environ["VOICEFORM_BASE_URL"] = proxy.url
        yield rooms, proxy


def empty(key: str) -> Any:
    def change(document: Any) -> None:
        if key in document:
            document[key] = []

    return change


def phoned(rooms: Rooms) -> int:
    return len(rooms.params("createParticipant"))


@pytest.mark.parametrize("forgotten", [False, True])
def test_who_is_missing_from_the_list_of_the_room_is_not_phoned_again(
    proxied: tuple[Rooms, Proxy], forgotten: bool
) -> None:
    rooms, proxy = proxied
    rooms.declare(WITH_BRIDGE)
    rooms.room({})
    rooms.apply()
    if forgotten:
        shutil.rmtree(rooms.folder / ".voiceform")
    proxy.edit("GET", PEOPLE, empty("participants"))
    assert all(not change["operations"] for change in rooms.plan()["changes"])
    rooms.apply()
    assert phoned(rooms) == 1


def test_a_room_that_no_list_shows_is_not_begun_again(proxied: tuple[Rooms, Proxy]) -> None:
    rooms, proxy = proxied
    rooms.declare(STARTED)
    rooms.apply()
    assert phoned(rooms) == 1
    proxy.edit("GET", ROOMS, empty("conferences"))
    for _ in range(2):
        rooms.apply()
        rooms.advance(60)
    assert phoned(rooms) == 1


@pytest.mark.parametrize("renamed", [False, True])
def test_a_room_that_was_taken_over_and_that_no_list_shows_is_not_begun_again(
    proxied: tuple[Rooms, Proxy], renamed: bool
) -> None:
    """Of such a room nothing is remembered: only the record says where bridge may be."""
    rooms, proxy = proxied
    rooms.declare(STARTED)
    rooms.apply()
    (room,) = rooms.rooms()
    shutil.rmtree(rooms.folder / ".voiceform")
    rooms.ok("import", "conference.standup", room["sid"])
    proxy.edit("GET", ROOMS, empty("conferences"))
    if renamed:
        rooms.declare(f"friendly_name: standup\naliases: [standup]\n{STARTED}", name="daily")
    rooms.apply()
    assert phoned(rooms) == 1


def test_a_room_beside_the_one_that_is_shown_takes_nobody_twice(proxied: tuple[Rooms, Proxy]) -> None:
    """The room that bridge is in is missing from lists, and another one of its name is shown."""
    rooms, proxy = proxied
    rooms.declare(WITH_BRIDGE)
    first = rooms.room({})
    rooms.apply()
    rooms.room({}, sid="CF" + "d" * 32)

    def hide(document: Any) -> None:
        document["conferences"] = [row for row in document["conferences"] if row["sid"] != first]

    proxy.edit("GET", ROOMS, hide)
    result = rooms.at("apply", "--auto-approve")
    assert result.code == 4
    assert "several live rooms" in result.out
    assert phoned(rooms) == 1


@pytest.mark.parametrize("status", ["parked", "", "QUEUED", "scheduled"])
def test_a_call_of_a_status_that_nobody_knows_may_go_on(proxied: tuple[Rooms, Proxy], status: str) -> None:
    rooms, proxy = proxied
    rooms.declare(STARTED)
    rooms.apply()
    proxy.edit("GET", ROOMS, empty("conferences"))
    proxy.edit("GET", r"/Conferences/CF\w+\.json", lambda document: document.update(status="completed"))
    proxy.edit("GET", r"/Calls/CA\w+\.json", lambda document: document.update(status=status))
    rooms.apply()
    assert phoned(rooms) == 1


@pytest.mark.parametrize("path", [PERSON, r"/Conferences/CF\w+\.json", r"/Calls/CA\w+\.json"])
@pytest.mark.parametrize("name", FOREIGN_404)
def test_a_foreign_404_is_no_reason_to_phone(proxied: tuple[Rooms, Proxy], path: str, name: str) -> None:
    rooms, proxy = proxied
    rooms.declare(STARTED)
    rooms.apply()
    lists = PEOPLE if path == PERSON else ROOMS
    proxy.edit(
        "GET",
        lists,
        lambda document: [document[k].clear() for k in ("conferences", "participants") if k in document],
    )
    if path.startswith("/Calls"):
        proxy.edit("GET", r"/Conferences/CF\w+\.json", lambda document: document.update(status="completed"))
    proxy.rule("GET", path, FOREIGN_404[name])
    result = rooms.at("apply", "--auto-approve")
    assert result.code == 1, result.out
    assert phoned(rooms) == 1


def test_whoever_really_left_is_phoned_again(proxied: tuple[Rooms, Proxy]) -> None:
    rooms, _ = proxied
    rooms.declare(WITH_BRIDGE)
    room = rooms.room({})
    before = {person["call_sid"] for person in rooms.people(room).values()}
    rooms.apply()
    (call,) = {person["call_sid"] for person in rooms.people(room).values()} - before
    rooms.account.post(f"Calls/{call}.json", Status="completed")
    rooms.apply()
    assert phoned(rooms) == 2


def test_a_participant_who_is_answered_otherwise_has_failed_and_is_phoned_once(
    proxied: tuple[Rooms, Proxy],
) -> None:
    rooms, proxy = proxied
    rooms.declare(f"participants: {{bridge: {BRIDGE.replace('}', ', muted: true}')}}}")
    rooms.room({})
    proxy.edit("POST", PEOPLE, lambda document: document.update(muted=False), times=1)
    result = rooms.at("apply", "--auto-approve")
    assert result.code == 5
    assert "muted False instead of True" in " ".join(result.out.split())
    rooms.apply()
    assert phoned(rooms) == 1


def test_a_room_that_goes_on_after_it_was_ended_is_a_failure(proxied: tuple[Rooms, Proxy]) -> None:
    rooms, proxy = proxied
    rooms.declare("status: ended")
    rooms.room({})
    proxy.edit("POST", r"/Conferences/CF\w+\.json", lambda document: document.update(status="in-progress"))
    result = rooms.at("apply", "--auto-approve", "--approve", "delete:conference=1")
    assert result.code == 5
    assert "it is in-progress" in " ".join(result.out.split())


def test_two_recorded_names_of_one_conference_are_refused(rooms: Rooms) -> None:
    rooms.write("conferences: {a: {}, b: {}}\n")
    rooms.apply()
    rooms.write("conferences: {c: {aliases: [a, b]}}\n")
    refused = rooms.at("apply", "--auto-approve")
    assert refused.code == 4
    assert "stands for several recorded objects: conference.a, conference.b" in " ".join(refused.out.split())
    assert rooms.at("state", "list").out.count("conference.") == 2


def test_a_key_of_which_only_the_case_changes_keeps_who_was_phoned(rooms: Rooms) -> None:
    rooms.declare(f"friendly_name: standup\n{WITH_BRIDGE}")
    rooms.room({})
    rooms.apply()
    rooms.declare(f"friendly_name: standup\n{WITH_BRIDGE}", name="StandUp")
    rooms.apply()
    assert phoned(rooms) == 1
    assert rooms.at("state", "list").out.split()[0] == "conference.StandUp"
