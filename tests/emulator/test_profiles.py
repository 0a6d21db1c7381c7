"""Profile ``openapi``: RFC 3339, no nulls, and no field or word beyond the published description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.emulator.api import RFC3339, Api
from voiceform.emulator import Emulator

FIELDS = {
    "calls": (
        "sid account_sid parent_call_sid to to_formatted from from_formatted phone_number_sid "
        "status direction price price_unit duration start_time end_time date_created date_updated "
        "answered_by caller_name forwarded_from group_sid uri api_version subresource_uris"
    ),
    "recordings": (
        "sid account_sid call_sid conference_sid channels status duration price price_unit source "
        "date_created date_updated uri"
    ),
    "conferences": (
        "sid account_sid friendly_name status region reason_conference_ended "
        "call_sid_ending_conference date_created date_updated uri subresource_uris"
    ),
    "participants": (
        "call_sid conference_sid account_sid muted hold coaching status start_conference_on_enter "
        "end_conference_on_exit date_created date_updated uri label"
    ),
    "queues": (
        "sid account_sid friendly_name current_size max_size average_wait_time date_created date_updated uri"
    ),
}
ENVELOPES = {
    "calls": "calls first_page_uri next_page_uri previous_page_uri page page_size uri",
    "recordings": "recordings first_page_uri next_page_uri page page_size uri",
    "conferences": "conferences first_page_uri next_page_uri page page_size",
    "participants": "participants first_page_uri next_page_uri page page_size",
    "queues": "queues first_page_uri next_page_uri page page_size",
}


@pytest.fixture(scope="module")
def published() -> Iterator[Emulator]:
    with Emulator(profile="openapi") as running:
        running.clock(now="2026-03-01T12:00:00Z", frozen=True)
        running.seed(
            {
                "queues": [{"friendly_name": "a"}, {"friendly_name": "b"}],
                "calls": [
                    {"answered_by": "machine_end_beep", "direction": "trunking-terminating"},
                    {"answered_by": "fax", "status": "queued"},
                ],
                "recordings": [
                    {"status": status} for status in ("in-progress", "paused", "stopped", "deleted")
                ],
                "conferences": [{"friendly_name": "x", "participants": [{}, {"label": "bridge"}]}],
            }
        )
        yield running


@pytest.fixture
def strict(published: Emulator) -> Iterator[Api]:
    with Api(published.url) as api:
        yield api


def _nothing_is_null(value: Any) -> None:
    assert value is not None
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _nothing_is_null(inner)


@pytest.mark.parametrize("kind", sorted(FIELDS))
def test_lists_are_to_the_letter(strict: Api, kind: str) -> None:
    path = f"{kind.capitalize()}.json"
    if kind == "participants":
        path = strict.show("Conferences.json")["conferences"][0]["subresource_uris"]["participants"]
    query = "?PageSize=1" + ("&IncludeSoftDeleted=true" if kind == "recordings" else "")
    following: str | None = path + query
    pages = 0
    while following:
        page = strict.show(following)
        pages += 1
        _nothing_is_null(page)
        assert set(page) <= set(ENVELOPES[kind].split())
        for row in page[kind]:
            assert set(row) <= set(FIELDS[kind].split())
            for name in ("date_created", "date_updated", "start_time", "end_time"):
                assert name not in row or RFC3339.fullmatch(row[name])
        following = page.get("next_page_uri")
    assert pages == {"conferences": 1, "recordings": 4}.get(kind, 4 if kind == "calls" else 2)


def test_words_that_the_description_does_not_know(strict: Api) -> None:
    recordings = strict.show("Recordings.json?IncludeSoftDeleted=true")["recordings"]
    assert [row["status"] for row in recordings] == ["absent", "processing", "processing", "processing"]
    calls = {
        call["status"]: call for call in strict.show("Calls.json")["calls"] if "conference" not in call["uri"]
    }
    assert (calls["completed"]["answered_by"], calls["completed"]["direction"]) == ("machine", "inbound")
    assert "answered_by" not in calls["queued"]
    assert "start_time" not in calls["queued"]


def test_hold_on_creation_is_a_parameter_of_the_description_only(strict: Api, api: Api) -> None:
    assert strict.add("held", Hold="true")["hold"] is True
    assert api.add("held", Hold="true")["hold"] is False


def test_what_is_created_is_to_the_letter_too(strict: Api) -> None:
    answers = [
        strict.call(),
        strict.add("another"),
        strict.post("Queues.json", {"FriendlyName": "new"}).json(),
    ]
    for answer in answers:
        _nothing_is_null(answer)
        assert RFC3339.fullmatch(answer["date_created"])
    assert set(answers[0]["subresource_uris"]) == {"recordings", "notifications"}
    assert "queue_time" not in answers[1]
