"""The inspector as a document: its policy, and the snapshot that feeds it."""

from __future__ import annotations

import base64
import hashlib
import re
from typing import Any

import pytest
import requests

from tests.emulator.api import OTHER_ACCOUNT, Api
from voiceform.emulator import Emulator
from voiceform.emulator.control.snapshot import NEWEST, PARAMETERS, PARTICIPANTS, REQUESTS, TEXT
from voiceform.emulator.routing import OPERATIONS


def snapshot(emulator: Emulator, have: str | None = None) -> dict[str, Any]:
    answer = requests.get(f"{emulator.url}/_emulator/snapshot", {"have": have} if have else {}, timeout=10)
    assert answer.status_code == 200
    return dict(answer.json())


@pytest.mark.parametrize("path", ["/_emulator", "/_emulator/"])
def test_the_policy_names_exactly_what_is_inline(emulator: Emulator, path: str) -> None:
    answer = requests.get(emulator.url + path, timeout=10)
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    policy = dict(
        part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";")
    )
    page = answer.content.decode()
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        (inline,) = re.findall(f"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()
        assert policy[directive] == f"'sha256-{digest}'"
    assert policy["default-src"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert policy["connect-src"] == "'self'"
    assert policy["require-trusted-types-for"] == "'script'"
    assert not re.search(r"\s(on\w+|style)=", page.partition("<body")[2].partition("<script>")[0])
    assert "innerHTML" not in page
    assert re.findall(r"(?:src|href)=\"(?!#|data:)", page) == []


def test_every_operation_can_be_chosen_for_a_fault(emulator: Emulator) -> None:
    page = requests.get(f"{emulator.url}/_emulator/", timeout=10).text
    assert len(OPERATIONS) == 27
    for operation in OPERATIONS:
        assert f"<option>{operation}</option>" in page


def test_a_snapshot_shows_all_there_is(emulator: Emulator, api: Api) -> None:
    emulator.seed(
        {
            "queues": [{"friendly_name": "Support", "current_size": 2, "average_wait_time": 9}],
            "recordings": [{"duration": 7, "status": "deleted"}],
            "conferences": [
                {
                    "friendly_name": "x",
                    "participants": [{"label": "Ann", "to": "+12125550101", "muted": True, "hold": True}],
                }
            ],
        }
    )
    emulator.faults([{"kind": "latency", "delay_ms": 1, "operation": "deleteQueue"}])
    api.show("Queues.json?PageSize=9")
    shown = snapshot(emulator)
    assert shown["clock"] == {"now": "2026-03-01T12:00:00Z", "frozen": True}
    assert shown["totals"] == {"queues": 1, "conferences": 1, "calls": 1, "recordings": 1, "participants": 1}
    (queue,) = shown["queues"]
    assert (queue["friendly_name"], queue["current_size"], queue["average_wait_time"]) == ("Support", 2, 9)
    (person,) = shown["conferences"][0]["participants"]
    assert (person["label"], person["number"], person["status"]) == ("Ann", "+12125550101", "connected")
    assert (person["muted"], person["hold"], person["end_on_exit"]) == (True, True, False)
    assert shown["calls"][0]["to"] == "+12125550101"
    assert (shown["recordings"][0]["status"], shown["recordings"][0]["duration"]) == ("deleted", 7)
    (request,) = shown["requests"]
    assert (request["operation"], request["params"], request["status"]) == (
        "listQueues",
        [["PageSize", "9"]],
        200,
    )
    assert [rule["operation"] for rule in shown["faults"]] == ["deleteQueue"]
    assert shown["stats"]["requests"] == 1


def test_objects_of_every_account_are_shown(emulator: Emulator, api: Api) -> None:
    api.post("Queues.json", {"FriendlyName": "mine"})
    with Api(emulator.url, OTHER_ACCOUNT) as other:
        other.post("Queues.json", {"FriendlyName": "theirs"})
    assert {queue["friendly_name"] for queue in snapshot(emulator)["queues"]} == {"mine", "theirs"}


def test_a_snapshot_is_bounded_and_has_the_totals(emulator: Emulator, api: Api) -> None:
    people = [{"to": f"+121255501{index:02}"} for index in range(PARTICIPANTS + 5)]
    emulator.seed(
        {
            "generate": {kind: {"count": NEWEST + 40} for kind in ("queues", "calls", "recordings")},
            "conferences": [
                {"friendly_name": f"room {index}", "participants": people if index == NEWEST else []}
                for index in range(NEWEST + 1)
            ],
        }
    )
    for _ in range(REQUESTS + 3):
        api.get("Queues.json?PageSize=1")
    api.post("Queues.json", {f"p{index}": "x" * (TEXT + 50) for index in range(PARAMETERS + 2)})
    shown = snapshot(emulator)
    for kind in ("queues", "conferences", "calls", "recordings"):
        assert len(shown[kind]) == NEWEST, kind
    assert shown["totals"]["queues"] == NEWEST + 40
    assert shown["conferences"][0]["friendly_name"] == f"room {NEWEST}"
    assert len(shown["conferences"][0]["participants"]) == PARTICIPANTS
    assert shown["conferences"][0]["participants_total"] == PARTICIPANTS + 5
    assert len(shown["requests"]) == REQUESTS
    assert [request["number"] for request in shown["requests"][:2]] == [REQUESTS + 4, REQUESTS + 3]
    params = shown["requests"][0]["params"]
    assert params[-1] == ["…", "2 more"]
    assert params[0] == ["p0", "x" * TEXT + f"… ({TEXT + 50} characters)"]


def test_without_a_change_hardly_anything_is_sent(emulator: Emulator, api: Api) -> None:
    first = snapshot(emulator)
    again = snapshot(emulator, first["version"])
    assert again == {"version": first["version"], "clock": first["clock"]}


def test_whatever_changes_is_sent(emulator: Emulator, api: Api) -> None:
    call = api.call()
    have = snapshot(emulator)["version"]
    changes = {
        "a request": lambda: api.get("Queues.json"),
        "a row": lambda: emulator.seed({"queues": [{"friendly_name": "a"}]}),
        "a fault": lambda: emulator.faults([{"kind": "latency", "times": 2}]),
        "a fault that struck": lambda: api.get("Queues.json"),
        "time": lambda: emulator.clock_advance("1h"),
        "an emptied log": emulator.clear_requests,
        "a reset": emulator.reset,
    }
    for what, change in changes.items():
        change()
        shown = snapshot(emulator, have)
        assert "queues" in shown, what
        if what == "time":
            assert [row["status"] for row in shown["calls"] if row["sid"] == call["sid"]] == ["completed"]
        have = shown["version"]


def test_a_snapshot_is_not_in_the_log(emulator: Emulator) -> None:
    snapshot(emulator)
    assert emulator.requests() == snapshot(emulator)["requests"] == []
