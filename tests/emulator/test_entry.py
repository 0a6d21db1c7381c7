"""Who may enter, and paths and methods that lead nowhere."""

from __future__ import annotations

import pytest
import requests

from tests.emulator.api import ACCOUNT, OTHER_ACCOUNT, Api, check, error
from voiceform.emulator import Emulator

KEY = "SK" + "3" * 32


def _get(url: str, **options: object) -> requests.Response:
    response = requests.get(url, **options)  # type: ignore[arg-type]
    check(response)
    return response


@pytest.mark.parametrize(
    "header", [None, "", "Bearer x", "Basic", "Basic %%%", "Basic QUM6", "Basic bm9jb2xvbg==", "Basic /w=="]
)
def test_without_credentials_nothing_is_shown(emulator: Emulator, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    response = _get(f"{emulator.url}/2010-04-01/Accounts/{ACCOUNT}/Queues.json", headers=headers)
    assert error(response) == (401, 20003)
    assert response.headers["WWW-Authenticate"] == 'Basic realm="Twilio API"'


def test_an_account_opens_itself_only_and_a_key_any(emulator: Emulator) -> None:
    url = f"{emulator.url}/2010-04-01/Accounts/{ACCOUNT}/Queues.json"
    assert _get(url, auth=(ACCOUNT, "any")).status_code == 200
    assert error(_get(url, auth=(OTHER_ACCOUNT, "any"))) == (401, 20003)
    assert error(_get(url, auth=("nobody", "any"))) == (401, 20003)
    assert _get(url, auth=(KEY, "any")).status_code == 200


def test_credentials_may_be_fixed() -> None:
    with Emulator(auth=f"{ACCOUNT}:right") as emulator:
        url = f"{emulator.url}/2010-04-01/Accounts/{ACCOUNT}/Queues.json"
        assert _get(url, auth=(ACCOUNT, "right")).status_code == 200
        assert error(_get(url, auth=(ACCOUNT, "wrong"))) == (401, 20003)
        assert error(_get(url, auth=(KEY, "right"))) == (401, 20003)
        emulator.seed({"queues": [{"friendly_name": "mine"}]})
        assert _get(url, auth=(ACCOUNT, "right")).json()["queues"][0]["account_sid"] == ACCOUNT


@pytest.mark.parametrize(
    "path",
    [
        "Queues",
        "queues.json",
        "Queues.xml",
        "Nothing.json",
        "Queues/.json",
        f"Queues/QU{'0' * 32}.json",
        "Queues/QU123.json",
        f"Queues/CA{'0' * 32}.json",
        f"Calls/CA{'0' * 32}.json",
        f"Calls/CA{'0' * 32}/Recordings.json",
        f"Recordings/RE{'0' * 32}.json",
        f"Recordings/RE{'0' * 32}.wav",
        f"Conferences/CF{'0' * 32}.json",
        f"Conferences/CF{'0' * 32}/Participants.json",
        f"Conferences/CF{'0' * 32}/Participants/x.json",
        f"Conferences/CF{'0' * 32}/Recordings.json",
        "",
        "Queues.json/",
        "Calls/..%2FQueues.json",
    ],
)
def test_what_is_not_there_is_404_with_the_path_in_the_message(api: Api, path: str) -> None:
    response = api.get(path)
    assert error(response) == (404, 20404)
    wanted = f"The requested resource /2010-04-01/Accounts/{ACCOUNT}/{path} was not found"
    assert response.json()["message"] == wanted


@pytest.mark.parametrize("account", ["", "AC123", "QU" + "1" * 32])
def test_a_malformed_account_is_404(api: Api, emulator: Emulator, account: str) -> None:
    assert error(api.get(f"{emulator.url}/2010-04-01/Accounts/{account}/Calls.json")) == (404, 20404)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "HEAD", "OPTIONS"])
def test_other_methods_are_405(api: Api, emulator: Emulator, method: str) -> None:
    url = f"{api.base}Queues.json"
    response = requests.request(method, url, auth=api.auth)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, POST")
    if method != "HEAD":
        assert error(response) == (405, 20004)
    assert error(api.delete("Queues.json")) == (405, 20004)


def test_parameters_that_nobody_knows_are_ignored(api: Api) -> None:
    api.post("Queues.json", {"FriendlyName": "a", "friendlyname": "b", "Colour": "red"})
    page = api.show("Queues.json?FriendlyName=nothing&StartTimeAfter=2026")
    assert [queue["friendly_name"] for queue in page["queues"]] == ["a"]
    assert "FriendlyName" not in page["uri"]


def test_a_body_that_is_no_form_has_no_parameters(api: Api) -> None:
    assert error(api.post("Queues.json", json={"FriendlyName": "a"})) == (400, 20002)


def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    assert error(api.post("Queues.json", {"FriendlyName": "x" * 1_100_000})) == (413, 20413)
    assert api.post("Queues.json", {"FriendlyName": "x"}).status_code == 201
