"""The unofficial corner: seeds, clock, log, statistics, switches."""

from __future__ import annotations

import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.emulator.api import ACCOUNT, OTHER_ACCOUNT, TO, Api
from voiceform.emulator import ControlError, Emulator


def test_a_seed_without_an_account_is_seen_by_every_account(emulator: Emulator, api: Api) -> None:
    emulator.seed({"queues": [{"friendly_name": "shared"}]})
    with Api(emulator.url, OTHER_ACCOUNT) as other:
        mine, theirs = api.show("Queues.json")["queues"][0], other.show("Queues.json")["queues"][0]
        assert (mine["sid"], mine["account_sid"]) == (theirs["sid"], ACCOUNT)
        assert theirs["account_sid"] == OTHER_ACCOUNT
        assert other.delete(f"Queues/{mine['sid']}.json").status_code == 204
    assert api.show("Queues.json")["queues"] == []


def test_a_seed_of_an_account_is_seen_by_it_alone(emulator: Emulator, api: Api) -> None:
    emulator.seed({"account_sid": OTHER_ACCOUNT, "queues": [{"friendly_name": "a"}], "recordings": [{}]})
    assert api.show("Queues.json")["queues"] == api.show("Recordings.json")["recordings"] == []
    with Api(emulator.url, OTHER_ACCOUNT) as other:
        assert (
            len(other.show("Queues.json")["queues"]) == len(other.show("Recordings.json")["recordings"]) == 1
        )


def test_a_seed_may_give_every_field(emulator: Emulator, api: Api) -> None:
    sid = "CA" + "9" * 32
    added = emulator.seed(
        {
            "queues": [
                {
                    "sid": "QU" + "9" * 32,
                    "friendly_name": "a",
                    "date_created": "Thu, 01 Jan 2026 00:00:00 +0000",
                }
            ],
            "calls": [
                {"sid": sid, "to": TO, "status": "in-progress", "direction": "inbound", "caller_name": "Ann"}
            ],
            "recordings": [{"call_sid": sid, "status": "deleted", "source": "DialVerb", "duration": "7"}],
            "conferences": [{"friendly_name": "x", "participants": [{"call_sid": sid, "hold": True}]}],
        }
    )
    assert added == {"queues": 1, "calls": 1, "recordings": 1, "conferences": 1}
    assert api.show("Queues.json")["queues"][0]["date_created"] == "Thu, 01 Jan 2026 00:00:00 +0000"
    call = api.show(f"Calls/{sid}.json")
    assert (call["direction"], call["caller_name"], call["status"]) == ("inbound", "Ann", "in-progress")
    assert api.show("Recordings.json")["recordings"] == []
    assert api.show("Recordings.json?IncludeSoftDeleted=true")["recordings"][0]["status"] == "deleted"
    assert len(api.show("Calls.json")["calls"]) == 1


@pytest.mark.parametrize(
    ("seed", "reason"),
    [
        ({"kews": []}, "seed: unknown kews"),
        ({"queues": {}}, "queues: {} is not a list"),
        ({"queues": ["x"]}, r"queues\[0\]: must be an object"),
        ({"queues": [{"friendly_name": "a"}, {"max_size": 3}]}, r"queues\[1\].friendly_name: is required"),
        ({"queues": [{"friendly_name": "a", "colour": "red"}]}, r"queues\[0\]: unknown colour"),
        (
            {"queues": [{"friendly_name": "a", "current_size": -1}]},
            r"queues\[0\].current_size: -1 is not a whole number",
        ),
        ({"queues": [{"friendly_name": "a", "sid": "QU1"}]}, r"queues\[0\].sid: 'QU1' is not a SID"),
        ({"calls": [{"status": "ended"}]}, r"calls\[0\].status: 'ended' is not one of"),
        ({"calls": [{"start_time": "soon"}]}, r"calls\[0\].start_time: 'soon' is not a date or time"),
        ({"recordings": [{"source": "Radio"}]}, r"recordings\[0\].source"),
        (
            {"conferences": [{"friendly_name": "x", "participants": [{"muted": "yes"}]}]},
            r"participants\[0\].muted",
        ),
        ({"numbers": [{"phone_number": TO, "outcome": "explode"}]}, r"numbers\[0\].outcome: 'explode'"),
        ({"generate": {"recordings": {"count": -1}}}, r"generate.recordings.count"),
        (
            {"generate": {"recordings": {"count": 1, "start": "2026-02-01", "end": "2026-01-01"}}},
            "start is after end",
        ),
        ({"generate": {"conferences": {"count": 1}}}, "generate: unknown conferences"),
        ({"queues": [{"friendly_name": "a", "sid": "QU" + "1" * 32}] * 2}, "does not fit: UNIQUE"),
    ],
)
def test_a_seed_with_a_mistake_says_where_and_adds_nothing(
    emulator: Emulator, api: Api, seed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(ControlError, match=reason):
        emulator.seed({"recordings": [{}]} | seed)
    assert api.show("Recordings.json")["recordings"] == api.show("Queues.json")["queues"] == []


def test_generated_data(emulator: Emulator, api: Api) -> None:
    span = {"start": "2026-01-01", "end": "2026-01-03"}
    made = emulator.seed(
        {
            "generate": {
                "queues": {"count": 7},
                "calls": {"count": 8, **span},
                "recordings": {"count": 9, **span},
            }
        }
    )
    assert made == {"queues": 7, "calls": 8, "recordings": 9}
    assert len({row["friendly_name"] for row in api.walk("Queues.json?PageSize=3", "queues")}) == 7
    assert len(api.walk("Calls.json?PageSize=3&Status=completed", "calls")) == 8
    assert len(api.walk("Recordings.json?PageSize=3", "recordings")) == 9
    assert len(api.show("Recordings.json?DateCreated=2026-01-01")["recordings"]) == 5
    emulator.seed({"generate": {"queues": {"count": 3}}})
    assert len({row["friendly_name"] for row in api.walk("Queues.json", "queues")}) == 10


def test_the_log(emulator: Emulator, api: Api) -> None:
    api.post("Queues.json", {"FriendlyName": "a", "StatusCallbackEvent": ["x", "y"]})
    api.get("Queues.json?PageSize=1")
    api.get("Nothing.json")
    created, listed, unknown = emulator.requests()
    assert created == {
        "method": "POST",
        "path": f"/2010-04-01/Accounts/{ACCOUNT}/Queues.json",
        "operation": "createQueue",
        "params": {"FriendlyName": "a", "StatusCallbackEvent": ["x", "y"]},
        "status": 201,
        "at": "2026-03-01T12:00:00Z",
    }
    assert (listed["operation"], listed["params"]) == ("listQueues", {"PageSize": "1"})
    assert (unknown["operation"], unknown["status"]) == (None, 404)
    assert emulator.requests("listQueues") == [listed]
    assert requests.get(f"{emulator.url}/_emulator/requests?last=1").json() == [unknown]


def test_the_statistics(emulator: Emulator, api: Api) -> None:
    api.get("Queues.json")
    api.get("Queues.json")
    api.get("Nothing.json")
    assert emulator.stats() == {
        "requests": 3,
        "by_operation": {"listQueues": 2, "unknown": 1},
        "max_in_flight": 1,
        "max_in_flight_by_account": {ACCOUNT: 1},
        "max_writes_in_flight_by_account": {},
        "throttled": 0,
    }
    emulator.clear_requests()
    assert emulator.stats()["requests"] == 0


def test_reset_forgets_everything(emulator: Emulator, api: Api) -> None:
    api.call()
    emulator.seed({"queues": [{"friendly_name": "a"}], "numbers": [{"phone_number": TO, "outcome": "busy"}]})
    emulator.faults([{"kind": "status", "status": 500, "times": None}])
    emulator.switches(default_max_size=3)
    emulator.reset()
    assert emulator.requests() == emulator.callbacks() == []
    assert api.show("Queues.json")["queues"] == api.show("Calls.json")["calls"] == []
    assert emulator.switches()["default_max_size"] == 1000
    assert emulator.clock()["frozen"] is False


def test_a_request_that_a_fault_keeps_waiting_does_nothing_after_a_reset(
    emulator: Emulator, api: Api
) -> None:
    """Whoever sent it is gone, and what comes next begins with nothing."""
    emulator.faults([{"operation": "createQueue", "kind": "latency", "delay_ms": 500}])
    cut: list[Exception] = []

    def create() -> None:
        try:
            api.post("Queues.json", data={"FriendlyName": "late"})
        except requests.ConnectionError as error:
            cut.append(error)

    thread = threading.Thread(target=create)
    thread.start()
    while thread.is_alive() and not emulator.requests():
        pass
    emulator.reset()
    thread.join()
    assert len(cut) == 1
    assert emulator.requests() == []
    assert api.show("Queues.json")["queues"] == []


def test_the_clock(emulator: Emulator) -> None:
    assert emulator.clock() == {"now": "2026-03-01T12:00:00Z", "frozen": True}
    assert emulator.clock_advance("1h30m")["now"] == "2026-03-01T13:30:00Z"
    assert emulator.clock(advance=90)["now"] == "2026-03-01T13:31:30Z"
    assert emulator.clock(now="2026-03-01T00:00:00+02:00")["now"] == "2026-02-28T22:00:00Z"
    running = emulator.clock(frozen=False)
    assert not running["frozen"]
    first, second = (datetime.fromisoformat(emulator.clock()["now"]) for _ in range(2))
    assert datetime.fromisoformat("2026-02-28T22:00:00Z") <= first <= second


@pytest.mark.parametrize(
    "change",
    [
        {"advance": "soon"},
        {"advance": -5},
        {"now": "noon"},
        {"now": "1960-01-01"},
        {"speed": 2},
        {"advance": "5"},
    ],
)
def test_a_clock_that_cannot_be_set(emulator: Emulator, change: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        emulator.clock(**change)
    assert emulator.clock()["now"] == "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    "change",
    [
        {"nothing": 1},
        {"default_max_size": "many"},
        {"calls_ordered_by": "name"},
        {"queue_names_fold_case": 1},
    ],
)
def test_a_switch_that_cannot_be_set(emulator: Emulator, change: dict[str, Any]) -> None:
    with pytest.raises(ControlError):
        emulator.switches(**change)


def test_paths_methods_and_bodies_that_are_none(emulator: Emulator) -> None:
    base = f"{emulator.url}/_emulator"
    assert requests.get(f"{base}/nothing").status_code == 404
    assert requests.put(f"{base}/clock").status_code == 405
    assert requests.post(f"{base}/seed", data="{").status_code == 400
    assert requests.post(f"{base}/seed", data="[]").status_code == 400
    assert requests.get(f"{base}/requests?last=x").status_code == 400
    assert "Emulator" in requests.get(f"{base}/").text


def test_data_and_clock_live_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "emulator.db"
    with Emulator(db=path) as emulator, Api(emulator.url) as api:
        emulator.clock(now="2026-03-01T12:00:00Z", frozen=True)
        queue = api.post("Queues.json", {"FriendlyName": "kept"}).json()
        call = api.call()
    with Emulator(db=path) as emulator, Api(emulator.url) as api:
        assert api.show("Queues.json")["queues"] == [queue]
        assert api.show(f"Calls/{call['sid']}.json") == call
        emulator.clock_advance("1h")
        assert api.show(f"Calls/{call['sid']}.json")["status"] == "completed"


@pytest.mark.parametrize("name", ["seed.yaml", "seed.json"])
def test_a_seed_from_a_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    text = '{"queues": [{"friendly_name": "a", "date_created": "2026-01-01"}]}'
    path.write_text(
        text if name.endswith("json") else "queues:\n- friendly_name: a\n  date_created: 2026-01-01\n"
    )
    with Emulator(seed=path) as emulator, Api(emulator.url) as api:
        assert api.show("Queues.json")["queues"][0]["date_created"] == "Thu, 01 Jan 2026 00:00:00 +0000"


@pytest.mark.parametrize("text", [None, "queues: [", "- a", "kews: []"])
def test_a_seed_file_that_cannot_be_used(tmp_path: Path, text: str | None) -> None:
    path = tmp_path / "seed.yaml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(ControlError):
        Emulator(seed=path).start()


@pytest.mark.parametrize("origin", ["https://example.com", "null", "http://127.0.0.1:1", "http://[", ""])
def test_pages_of_other_sites_may_change_nothing(emulator: Emulator, api: Api, origin: str) -> None:
    emulator.seed({"queues": [{"friendly_name": "a"}]})
    address = f"{emulator.url}/_emulator/reset"
    answer = requests.post(address, headers={"Origin": origin}, timeout=10)
    assert answer.status_code == 403
    assert "another site" in answer.json()["error"]
    rebound = {"Origin": "http://example.com", "Host": "example.com"}
    assert requests.post(address, headers=rebound, timeout=10).status_code == 403
    assert len(api.show("Queues.json")["queues"]) == 1
    assert requests.post(address, headers={"Origin": emulator.url}, timeout=10).status_code == 200
    assert requests.post(address, timeout=10).status_code == 200
