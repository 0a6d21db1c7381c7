"""Many accounts in one emulator: each is served as fast as one alone, and sees what it would see alone."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from voiceform.emulator.calls.routes import list_calls
from voiceform.emulator.conferences.routes import list_conferences
from voiceform.emulator.control.seeds import seed
from voiceform.emulator.control.snapshot import _newest
from voiceform.emulator.messages import Params, Request, Response
from voiceform.emulator.queues.routes import create_queue, list_queues
from voiceform.emulator.recordings.routes import list_call_recordings, list_recordings
from voiceform.emulator.settings import EmulatorSettings
from voiceform.emulator.world import World

START, END = "2026-01-01T00:00:00Z", "2026-01-31T00:00:00Z"
SPAN = {"start": START, "end": END}
OWN = 40


def _account(number: int) -> str:
    return f"AC{number:032x}"


def _world(others: int) -> World:
    """What one account has, what all see, and what so many others have, seeded in turns."""
    world = World(EmulatorSettings(random_seed=5))
    for number in ("", *range(2, others + 2), 1):
        account = _account(number) if isinstance(number, int) else {}
        named = {"account_sid": account} if account else {}
        queues: list[dict[str, Any]] = []
        if account:
            queues = [{"friendly_name": f"queue-{index}", "date_created": START} for index in range(OWN)]
        seed(
            world,
            {
                **named,
                "queues": queues,
                "conferences": [
                    {"friendly_name": "standup", "status": "completed", "date_created": START}
                    for _ in range(OWN if account else 3)
                ],
                "generate": {
                    "recordings": {"count": OWN if account else 3, **SPAN},
                    "calls": {"count": OWN if account else 3, **SPAN},
                },
            },
        )
    return world


def _request(path: str, query: str, *ids: str, form: str = "") -> Request:
    whole = f"/2010-04-01/Accounts/{_account(1)}/{path}"
    return Request("GET", whole, _account(1), ids, "json", Params.parse(query), Params.parse(form))


@contextmanager
def _counted(world: World) -> Iterator[list[int]]:
    """How many steps SQLite takes in here."""
    steps = [0]

    def step() -> int:
        steps[0] += 1
        return 0

    world.store._connection.set_progress_handler(step, 1)
    try:
        yield steps
    finally:
        world.store._connection.set_progress_handler(None, 1)


ASKED: dict[str, tuple[Callable[[World, Request], Response], str, str]] = {
    "queues": (list_queues, "Queues.json", "PageSize=20"),
    "the second page of queues": (list_queues, "Queues.json", "PageSize=20&Page=1"),
    "calls": (list_calls, "Calls.json", "PageSize=20"),
    "calls to a number": (list_calls, "Calls.json", "To=%2B15558675310"),
    "calls of a day": (list_calls, "Calls.json", "StartTime=2026-01-07&PageSize=20"),
    "conferences": (list_conferences, "Conferences.json", "PageSize=20"),
    "conferences of a name": (list_conferences, "Conferences.json", "FriendlyName=standup&PageSize=20"),
    "recordings": (list_recordings, "Recordings.json", "PageSize=20"),
    "recordings of a day": (list_recordings, "Recordings.json", "DateCreated=2026-01-07"),
    "recordings before a day": (list_recordings, "Recordings.json", "DateCreated%3C=2026-01-07"),
    "recordings of a call": (list_recordings, "Recordings.json", f"CallSid=CA{0:032x}"),
    "recordings of a conference": (list_recordings, "Recordings.json", f"ConferenceSid=CF{0:032x}"),
    "deleted recordings": (list_recordings, "Recordings.json", "IncludeSoftDeleted=true&PageSize=20"),
}


@pytest.fixture(scope="module")
def alone() -> World:
    return _world(0)


@pytest.fixture(scope="module")
def among_many() -> World:
    return _world(60)


@pytest.mark.parametrize("what", ASKED)
def test_a_list_costs_the_same_however_many_accounts_there_are(
    alone: World, among_many: World, what: str
) -> None:
    ask, path, query = ASKED[what]
    taken, shown = [], []
    for world in (alone, among_many):
        with _counted(world) as steps:
            answer = json.loads(ask(world, _request(path, query)).body)
        taken.append(steps[0])
        shown.append(len(answer[path.partition(".")[0].lower()]))
    assert shown[0] == shown[1]
    assert taken[1] <= taken[0] * 1.05, taken


@pytest.mark.parametrize("path", ["Recordings.json", "Calls.json", "Conferences.json"])
def test_an_account_sees_its_own_and_what_all_see_in_one_order(among_many: World, path: str) -> None:
    kind = path.partition(".")[0].lower()
    ask = {"recordings": list_recordings, "calls": list_calls, "conferences": list_conferences}[kind]
    column = "updated" if kind == "calls" else "created"
    meant = among_many.store.all(
        f"SELECT sid FROM {kind} WHERE account IN (?, '') ORDER BY {column} DESC, seq DESC",
        _account(1),
    )
    seen, query = [], "PageSize=7"
    while query:
        page = json.loads(ask(among_many, _request(path, query)).body)
        seen += [row["sid"] for row in page[kind]]
        query = (page["next_page_uri"] or "").partition("?")[2]
    assert seen == [row["sid"] for row in meant]
    assert len(seen) == OWN + 3


def test_recordings_of_a_call_are_found_by_the_call(alone: World, among_many: World) -> None:
    taken = []
    for world in (alone, among_many):
        found = world.store.one("SELECT call_sid FROM recordings WHERE account = ?", _account(1))
        assert found is not None
        with _counted(world) as steps:
            path = f"Calls/{found['call_sid']}/Recordings.json"
            page = json.loads(list_call_recordings(world, _request(path, "", found["call_sid"])).body)
        assert len(page["recordings"]) == 1
        taken.append(steps[0])
    assert taken[1] <= taken[0] * 1.05, taken


def test_a_name_that_every_account_uses_is_looked_for_in_one(alone: World, among_many: World) -> None:
    taken = []
    for world in (alone, among_many):
        with world.store.transaction(), _counted(world) as steps:
            create_queue(world, _request("Queues.json", "", form="FriendlyName=another"))
        named = [steps[0]]
        with _counted(world) as steps, pytest.raises(Exception, match="exist"):
            create_queue(world, _request("Queues.json", "", form="FriendlyName=queue-7"))
        taken.append([*named, steps[0]])
    assert all(many <= one * 1.05 for one, many in zip(*taken, strict=True)), taken


@pytest.mark.parametrize(
    ("table", "order"),
    [("queues", "created"), ("conferences", "created"), ("calls", "updated"), ("recordings", "created")],
)
def test_the_inspector_shows_the_newest_of_all_accounts(among_many: World, table: str, order: str) -> None:
    newest = f"SELECT sid FROM {table} ORDER BY {order} DESC, seq DESC LIMIT 60"
    shown = [row["sid"] for row in _newest(among_many, table)]
    assert shown == [row["sid"] for row in among_many.store.all(newest)]
