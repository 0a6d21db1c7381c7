from __future__ import annotations

import pytest
import requests

from tests.emulator.api import Api, error
from voiceform.emulator import ControlError, Emulator


def _create(api: Api) -> requests.Response:
    return api.post("Queues.json", {"FriendlyName": "Support"})


def _exists(api: Api) -> bool:
    return bool(api.show("Queues.json")["queues"])


def _log(emulator: Emulator) -> list[tuple[str, int | None]]:
    return [(entry["operation"], entry["status"]) for entry in emulator.requests("createQueue")]


@pytest.mark.parametrize("after", [False, True])
def test_a_status_instead_of_the_work_or_after_it(emulator: Emulator, api: Api, after: bool) -> None:
    emulator.faults(
        [{"operation": "createQueue", "kind": "status", "status": 503, "retry_after": 2, "after": after}]
    )
    response = _create(api)
    assert error(response) == (503, 20503)
    assert response.headers["Retry-After"] == "2"
    assert _exists(api) is after
    assert _log(emulator) == [("createQueue", 503)]


def test_a_code_of_ones_own(emulator: Emulator, api: Api) -> None:
    emulator.faults([{"kind": "status", "status": 400, "code": 22003}])
    assert error(_create(api)) == (400, 22003)
    assert _create(api).status_code == 201


def test_a_connection_that_is_cut_before_anything_is_done(emulator: Emulator, api: Api) -> None:
    emulator.faults([{"operation": "createQueue", "kind": "drop-before"}])
    with pytest.raises(requests.ConnectionError):
        _create(api)
    assert not _exists(api)
    assert _log(emulator) == [("createQueue", None)]


def test_a_connection_that_is_cut_after_all_is_done(emulator: Emulator, api: Api) -> None:
    emulator.faults([{"operation": "createQueue", "kind": "drop-after"}])
    with pytest.raises(requests.ConnectionError):
        _create(api)
    assert _exists(api)
    assert _log(emulator) == [("createQueue", 201)]


def test_half_an_answer(emulator: Emulator, api: Api) -> None:
    emulator.faults([{"operation": "createQueue", "kind": "truncate"}])
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        _create(api)
    assert _exists(api)


@pytest.mark.parametrize(("after", "done"), [(None, True), (False, False)])
def test_a_page_instead_of_an_object(emulator: Emulator, api: Api, after: bool | None, done: bool) -> None:
    emulator.faults([{"operation": "createQueue", "kind": "garbage", "status": 502, "after": after}])
    response = requests.post(f"{api.base}Queues.json", {"FriendlyName": "Support"}, auth=api.auth)
    assert response.status_code == 502
    assert response.headers["Content-Type"].startswith("text/html")
    assert _exists(api) is done


def test_a_slow_answer_is_the_right_answer(emulator: Emulator, api: Api) -> None:
    emulator.faults([{"operation": "createQueue", "kind": "latency", "delay_ms": 30}])
    response = _create(api)
    assert response.status_code == 201
    assert float(response.headers["Twilio-Request-Duration"]) >= 0.03


def test_rules_strike_in_order_and_as_often_as_they_say(emulator: Emulator, api: Api) -> None:
    emulator.faults(
        [
            {"operation": "deleteQueue", "kind": "drop-before"},
            {"operation": "createQueue", "kind": "status", "status": 429, "times": 2},
            {"operation": "*", "kind": "status", "status": 500, "times": None},
        ]
    )
    assert [_create(api).status_code for _ in range(4)] == [429, 429, 500, 500]
    emulator.faults([])
    assert _create(api).status_code == 201


def test_an_answer_that_is_an_error_anyway_can_be_lost_too(emulator: Emulator, api: Api) -> None:
    _create(api)
    emulator.faults([{"operation": "createQueue", "kind": "drop-after"}])
    with pytest.raises(requests.ConnectionError):
        _create(api)
    assert _log(emulator) == [("createQueue", 201), ("createQueue", 400)]


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ({"kind": "explode"}, r"rules\[0\].kind: must be one of"),
        ({"kind": "status", "colour": "red"}, r"rules\[0\]: unknown colour"),
        ({"kind": "status", "status": 99}, r"rules\[0\].status: 99 is not a number from 200 to 599"),
        ({"kind": "status", "times": 0}, r"rules\[0\].times"),
        ({"kind": "latency", "delay_ms": "long"}, r"rules\[0\].delay_ms"),
        ("status", r"rules\[0\]: must be an object"),
    ],
)
def test_a_rule_that_makes_no_sense(emulator: Emulator, rule: dict[str, object], reason: str) -> None:
    with pytest.raises(ControlError, match=reason):
        emulator.faults([rule])


def test_the_page_of_a_proxy_has_nothing_of_the_service(emulator: Emulator, api: Api) -> None:
    """It is not the service that answers, and it hears of nothing."""
    emulator.faults([{"kind": "page", "status": 403}, {"kind": "page"}, {"kind": "foreign-404"}])
    answers = [requests.post(api.base + "Queues.json", {"FriendlyName": "a"}, auth=api.auth) for _ in "123"]
    assert [answer.status_code for answer in answers] == [403, 200, 404]
    for answer in answers:
        assert answer.text.lstrip().lower().startswith(("<!doctype html", "<html"))
        assert "Twilio-Request-Id" not in answer.headers
    assert not _exists(api)


def test_a_part_of_the_audio(emulator: Emulator, api: Api) -> None:
    emulator.seed({"recordings": [{"sid": "RE" + "1" * 32, "duration": 10}]})
    url = f"{api.base}Recordings/RE{'1' * 32}.wav"
    whole = requests.get(url, auth=api.auth, timeout=10)
    emulator.faults([{"kind": "partial-media", "operation": "fetchRecordingMedia"}])
    part = requests.get(url, auth=api.auth, timeout=10)
    assert part.status_code == 206
    assert part.content == whole.content[: len(whole.content) // 2]
