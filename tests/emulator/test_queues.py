from __future__ import annotations

import pytest

from tests.emulator.api import OTHER_ACCOUNT, TOKEN, Api, error
from voiceform.emulator import Emulator


def test_a_created_queue_is_the_queue_that_is_fetched_and_listed(api: Api) -> None:
    created = api.post("Queues.json", {"FriendlyName": "Support", "MaxSize": "200"})
    assert created.status_code == 201
    queue = created.json()
    assert (queue["friendly_name"], queue["max_size"], queue["current_size"]) == ("Support", 200, 0)
    assert queue["date_created"] == "Sun, 01 Mar 2026 12:00:00 +0000"
    assert queue["uri"].endswith(f"/Queues/{queue['sid']}.json")
    assert api.show(queue["uri"]) == queue
    assert api.show("Queues.json")["queues"] == [queue]


def test_the_default_size_is_a_switch(emulator: Emulator, api: Api) -> None:
    assert api.post("Queues.json", {"FriendlyName": "a"}).json()["max_size"] == 1000
    emulator.switches(default_max_size=100)
    assert api.post("Queues.json", {"FriendlyName": "b"}).json()["max_size"] == 100


@pytest.mark.parametrize("name", ["", "x" * 65])
def test_a_name_has_1_to_64_characters(api: Api, name: str) -> None:
    assert error(api.post("Queues.json", {"FriendlyName": name})) == (400, 20002)
    assert error(api.post("Queues.json")) == (400, 20002)


def test_64_characters_of_any_script_are_a_name(api: Api) -> None:
    name = "Ü" * 64
    assert api.post("Queues.json", {"FriendlyName": name}).json()["friendly_name"] == name


@pytest.mark.parametrize("size", ["0", "-1", "5001", "abc", "", "1.5"])
def test_a_size_lies_between_1_and_5000(api: Api, size: str) -> None:
    assert error(api.post("Queues.json", {"FriendlyName": "a", "MaxSize": size})) == (400, 20001)
    assert api.show("Queues.json")["queues"] == []


def test_a_name_is_used_once_in_an_account(emulator: Emulator, api: Api) -> None:
    assert api.post("Queues.json", {"FriendlyName": "Support"}).status_code == 201
    refused = api.post("Queues.json", {"FriendlyName": "Support"})
    assert error(refused) == (400, 22003)
    assert refused.json()["message"] == "A queue with the name Support already exists"
    assert api.post("Queues.json", {"FriendlyName": "support"}).status_code == 201
    with Api(emulator.url, OTHER_ACCOUNT) as other:
        assert other.post("Queues.json", {"FriendlyName": "Support"}).status_code == 201


def test_names_that_differ_by_case_may_be_made_to_collide(emulator: Emulator, api: Api) -> None:
    emulator.switches(queue_names_fold_case=True)
    assert api.post("Queues.json", {"FriendlyName": "Support"}).status_code == 201
    assert error(api.post("Queues.json", {"FriendlyName": "support"})) == (400, 22003)


def test_an_update_changes_only_what_is_sent(emulator: Emulator, api: Api) -> None:
    queue = api.post("Queues.json", {"FriendlyName": "Support", "MaxSize": "200"}).json()
    emulator.clock_advance("1m")
    resized = api.post(f"Queues/{queue['sid']}.json", {"MaxSize": "5"}).json()
    assert (resized["friendly_name"], resized["max_size"]) == ("Support", 5)
    assert resized["date_updated"] == "Sun, 01 Mar 2026 12:01:00 +0000"
    renamed = api.post(f"Queues/{queue['sid']}.json", {"FriendlyName": "Help"}).json()
    assert (renamed["friendly_name"], renamed["max_size"]) == ("Help", 5)
    assert api.post(f"Queues/{queue['sid']}.json").json()["friendly_name"] == "Help"


def test_a_rename_onto_a_used_name_is_refused_but_keeping_the_name_is_not(api: Api) -> None:
    api.post("Queues.json", {"FriendlyName": "a"})
    queue = api.post("Queues.json", {"FriendlyName": "b"}).json()
    assert error(api.post(f"Queues/{queue['sid']}.json", {"FriendlyName": "a"})) == (400, 22003)
    assert api.post(f"Queues/{queue['sid']}.json", {"FriendlyName": "b", "MaxSize": "2"}).status_code == 200


def test_only_an_empty_queue_is_deleted(emulator: Emulator, api: Api) -> None:
    emulator.seed({"queues": [{"friendly_name": "busy", "current_size": 12, "average_wait_time": 95}]})
    busy = api.show("Queues.json")["queues"][0]
    assert (busy["current_size"], busy["average_wait_time"]) == (12, 95)
    refused = api.delete(f"Queues/{busy['sid']}.json")
    assert error(refused) == (400, 20409)
    assert "12 calls" in refused.json()["message"]
    emulator.switches(queue_not_empty_status=409, queue_not_empty_code=20001)
    assert error(api.delete(f"Queues/{busy['sid']}.json")) == (409, 20001)
    empty = api.post("Queues.json", {"FriendlyName": "empty"}).json()
    assert api.delete(f"Queues/{empty['sid']}.json").status_code == 204
    assert error(api.get(f"Queues/{empty['sid']}.json")) == (404, 20404)
    assert error(api.delete(f"Queues/{empty['sid']}.json")) == (404, 20404)


def test_a_size_below_the_length_is_accepted(emulator: Emulator, api: Api) -> None:
    emulator.seed({"queues": [{"friendly_name": "busy", "current_size": 12}]})
    sid = api.show("Queues.json")["queues"][0]["sid"]
    changed = api.post(f"Queues/{sid}.json", {"MaxSize": "3"}).json()
    assert (changed["max_size"], changed["current_size"]) == (3, 12)


def test_the_queues_of_another_account_do_not_exist(emulator: Emulator, api: Api) -> None:
    queue = api.post("Queues.json", {"FriendlyName": "Support"}).json()
    with Api(emulator.url, OTHER_ACCOUNT, TOKEN) as other:
        path = f"Queues/{queue['sid']}.json"
        assert error(other.get(path)) == (404, 20404)
        assert error(other.post(path, {"MaxSize": "1"})) == (404, 20404)
        assert error(other.delete(path)) == (404, 20404)
        assert other.show("Queues.json")["queues"] == []
    assert api.show(queue["uri"]) == queue


def test_a_caller_waits_in_the_queue_that_enqueue_makes(emulator: Emulator, api: Api) -> None:
    call = api.call(Twiml="<Response><Enqueue>Support</Enqueue></Response>")
    emulator.clock_advance("65s")
    queue = api.show("Queues.json")["queues"][0]
    assert (queue["friendly_name"], queue["current_size"]) == ("Support", 1)
    assert 50 <= queue["average_wait_time"] <= 65
    assert error(api.delete(f"Queues/{queue['sid']}.json")) == (400, 20409)
    api.post(f"Calls/{call['sid']}.json", {"Status": "completed"})
    assert api.show(queue["uri"])["current_size"] == 0
    assert api.delete(f"Queues/{queue['sid']}.json").status_code == 204


def test_a_full_queue_lets_the_call_go_on(emulator: Emulator, api: Api) -> None:
    emulator.seed({"queues": [{"friendly_name": "Support", "max_size": 1, "current_size": 1}]})
    call = api.call(Twiml="<Response><Enqueue>Support</Enqueue><Pause length='1'/></Response>")
    emulator.clock_advance("60s")
    assert api.show("Queues.json")["queues"][0]["current_size"] == 1
    assert api.show(f"Calls/{call['sid']}.json")["status"] == "completed"


def waiting(emulator: Emulator, api: Api, count: int) -> tuple[str, list[str]]:
    """A queue and the calls that wait in it, each a minute longer than the next."""
    calls = []
    for _ in range(count):
        calls.append(api.call(Twiml="<Response><Enqueue>Support</Enqueue></Response>")["sid"])
        emulator.clock_advance("60s")
    return api.show("Queues.json")["queues"][0]["sid"], calls


def test_who_waits_longest_is_at_the_front(emulator: Emulator, api: Api) -> None:
    queue, calls = waiting(emulator, api, 3)
    members = api.show(f"Queues/{queue}/Members.json")["queue_members"]
    assert [member["call_sid"] for member in members] == calls
    assert [member["position"] for member in members] == [1, 2, 3]
    assert [member["wait_time"] // 60 for member in members] == [2, 1, 0]
    assert api.show(members[1]["uri"]) == members[1]
    assert api.show(f"Queues/{queue}/Members/Front.json") == members[0]


def test_who_has_left_a_queue_is_no_member(emulator: Emulator, api: Api) -> None:
    queue, (first, second) = waiting(emulator, api, 2)
    api.post(f"Calls/{first}.json", {"Status": "completed"})
    members = api.show(f"Queues/{queue}/Members.json")["queue_members"]
    assert [(member["call_sid"], member["position"]) for member in members] == [(second, 1)]
    assert error(api.get(f"Queues/{queue}/Members/{first}.json")) == (404, 20404)
    api.post(f"Calls/{second}.json", {"Status": "completed"})
    assert error(api.get(f"Queues/{queue}/Members/Front.json")) == (404, 20404)
    assert error(api.get(f"Queues/QU{'0' * 32}/Members.json")) == (404, 20404)


def test_pages_of_members_begin_at_the_front(emulator: Emulator, api: Api) -> None:
    queue, calls = waiting(emulator, api, 5)
    seen: list[str] = []
    page = api.show(f"Queues/{queue}/Members.json?PageSize=2")
    while True:
        seen += [member["call_sid"] for member in page["queue_members"]]
        if page["next_page_uri"] is None:
            break
        page = api.show(page["next_page_uri"])
    assert seen == calls
    back = api.show(page["previous_page_uri"])
    assert [member["call_sid"] for member in back["queue_members"]] == calls[2:4]
