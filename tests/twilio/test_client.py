"""Every operation against the emulator, as the real service speaks and as its OpenAPI description says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime

import pytest

from tests.twilio.scripted import new_client, sid
from voiceform.emulator import Emulator
from voiceform.emulator.settings import ProfileName
from voiceform.model.clock import ManualClock
from voiceform.twilio.client import Client
from voiceform.twilio.errors import (
    ApiError,
    CallNotLiveError,
    InvalidArgumentError,
    NameTakenError,
    NotFinishedError,
    NotFoundError,
    TwilioOutcomeUnknownError,
)
from voiceform.twilio.operations import Asks, Ended
from voiceform.twilio.parameters import CreateCall, CreateParticipant

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROFILES: list[ProfileName] = ["twilio", "openapi"]
REMINDER = CreateCall(to="+15558675310", from_="+15017122661", twiml="<Response/>")


@pytest.fixture(scope="module", params=PROFILES)
def running(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    with Emulator(profile=request.param, random_seed=3) as emulator:
        yield emulator


@pytest.fixture
def account(running: Emulator) -> Emulator:
    """An empty account whose clock stands still."""
    running.reset()
    running.clock(now=NOON.isoformat(), frozen=True)
    return running


@pytest.fixture
def client(account: Emulator) -> Iterator[Client]:
    with new_client(account.url, ManualClock(NOON)) as ready:
        yield ready


def test_the_life_of_a_queue(client: Client) -> None:
    made = client.create_queue(friendly_name="Größe & Co", max_size=5)
    assert (made.friendly_name, made.max_size, made.current_size) == ("Größe & Co", 5, 0)
    assert made.date_created == NOON
    assert client.fetch_queue(made.sid) == made
    changed = client.update_queue(made.sid, max_size=6)
    assert (changed.friendly_name, changed.max_size) == ("Größe & Co", 6)
    assert client.update_queue(made.sid, friendly_name="Support").friendly_name == "Support"
    assert [queue.sid for queue in client.list_queues()] == [made.sid]
    assert client.delete_queue(made.sid) is Ended.NOW
    assert client.delete_queue(made.sid) is Ended.ALREADY
    with pytest.raises(NotFoundError):
        client.fetch_queue(made.sid)


def test_who_waits_in_a_queue(account: Emulator, client: Client) -> None:
    twiml = "<Response><Enqueue>Support</Enqueue></Response>"
    calls = [
        client.create_call(CreateCall(to=f"+1212555010{n}", from_="+12125550190", twiml=twiml)).sid
        for n in (1, 2)
    ]
    account.clock_advance("90s")
    (queue,) = client.list_queues()
    front, last = client.list_members(queue.sid, page_size=1)
    assert {front.sid, last.sid} == set(calls)
    assert (front.position, last.position) == (1, 2)
    assert front.wait_time is not None
    assert 60 <= front.wait_time <= 90
    assert client.fetch_member(queue.sid, last.sid) == last
    client.end_call(last.sid)
    with pytest.raises(NotFoundError):
        client.fetch_member(queue.sid, last.sid)
    client.end_call(front.sid)
    assert list(client.list_members(queue.sid)) == []


def test_a_name_that_is_taken(client: Client) -> None:
    client.create_queue(friendly_name="Support", max_size=5)
    with pytest.raises(NameTakenError) as caught:
        client.create_queue(friendly_name="Support", max_size=5)
    assert caught.value.code == 22003
    assert caught.value.request_id


def test_a_queue_with_callers_in_it_is_not_deleted(account: Emulator, client: Client) -> None:
    account.seed({"queues": [{"friendly_name": "Support", "current_size": 2, "average_wait_time": 95}]})
    (queue,) = client.list_queues()
    assert (queue.current_size, queue.average_wait_time) == (2, 95)
    with pytest.raises(ApiError):
        client.delete_queue(queue.sid)


def test_many_queues(account: Emulator, client: Client) -> None:
    account.seed({"generate": {"queues": {"count": 2500}}})
    assert len({queue.sid for queue in client.list_queues()}) == 2500
    account.clear_requests()
    assert len(list(client.list_queues(page_size=100))) == 2500
    assert len(account.requests("listQueues")) in (25, 26)


def test_the_life_of_a_call(account: Emulator, client: Client) -> None:
    call = client.create_call(
        CreateCall(
            to="+15558675310",
            from_="+15017122661",
            url="https://example.com/hello.xml",
            method="GET",
            timeout=30,
            record=True,
            machine_detection="Enable",
            status_callback="http://127.0.0.1:9/cb",
            status_callback_event=("answered", "completed"),
        )
    )
    assert (call.status, call.direction, call.to) == ("queued", "outbound-api", "+15558675310")
    assert (call.duration, call.start_time, call.date_created) == (None, None, NOON)
    assert client.fetch_call(call.sid) == call
    (sent,) = account.requests("createCall")
    assert sent["params"]["StatusCallbackEvent"] == ["answered", "completed"]
    assert (sent["params"]["Record"], sent["params"]["Timeout"]) == ("true", "30")
    with pytest.raises(NotFinishedError):
        client.delete_call(call.sid)
    assert client.end_call(call.sid) is Ended.NOW
    assert client.end_call(call.sid) is Ended.ALREADY
    with pytest.raises(CallNotLiveError):
        client.update_call(call.sid, twiml="<Response/>")
    with pytest.raises(CallNotLiveError):
        client.create_call_recording(call.sid)
    seen: list[str] = []
    assert client.delete_call(call.sid, Asks(seen.append)) is Ended.NOW
    assert seen[0].startswith("RQ")
    assert client.delete_call(call.sid) is Ended.ALREADY
    with pytest.raises(NotFoundError):
        client.fetch_call(call.sid)


def test_a_live_call_is_redirected_and_recorded(account: Emulator, client: Client) -> None:
    account.seed({"calls": [{"sid": sid("CA", 1), "status": "in-progress"}]})
    assert client.update_call(sid("CA", 1), twiml="<Response><Hangup/></Response>").sid == sid("CA", 1)
    account.seed({"calls": [{"sid": sid("CA", 2), "status": "in-progress"}]})
    recording = client.create_call_recording(sid("CA", 2), recording_channels="dual")
    assert recording.duration is None
    assert [row.sid for row in client.list_call_recordings(sid("CA", 2))] == [recording.sid]


def test_calls_are_filtered(account: Emulator, client: Client) -> None:
    account.seed(
        {
            "calls": [
                {"sid": sid("CA", 1), "start_time": "2026-02-01T23:59:59Z", "to": "+15558675310"},
                {"sid": sid("CA", 2), "start_time": "2026-02-02T00:00:00Z", "status": "busy"},
                {"sid": sid("CA", 3), "start_time": "2026-02-03T00:00:00Z", "to": "+15558675311"},
                {"sid": sid("CA", 4), "status": "queued"},
            ]
        }
    )

    def found(**filters: object) -> set[int]:
        return {int(call.sid[2:], 16) for call in client.list_calls(**filters)}  # type: ignore[arg-type]

    assert found() == {1, 2, 3, 4}
    assert found(started_from=date(2026, 2, 2), started_before=date(2026, 2, 3)) == {2}
    assert found(started_before=datetime(2026, 2, 2, 0, 0, 1, tzinfo=UTC)) == {1, 2}
    assert found(status="queued") == {4}
    assert found(to="+15558675311") == {3}
    assert {call.sid for page in client.scan_calls(started_from=date(2026, 2, 2)) for call in page} == {
        sid("CA", 2),
        sid("CA", 3),
    }


def test_the_life_of_a_recording(account: Emulator, client: Client) -> None:
    account.seed(
        {
            "recordings": [
                {"sid": sid("RE", 1), "call_sid": sid("CA", 1), "date_created": "2026-02-01T00:00:00Z"},
                {"sid": sid("RE", 2), "call_sid": sid("CA", 2), "duration": 75, "source": "Conference"},
            ]
        }
    )
    assert {row.sid for row in client.list_recordings()} == {sid("RE", 1), sid("RE", 2)}
    assert [row.sid for row in client.list_recordings(call_sid=sid("CA", 1))] == [sid("RE", 1)]
    assert [row.sid for row in client.list_recordings(created_before=date(2026, 2, 2))] == [sid("RE", 1)]
    row = client.fetch_recording(sid("RE", 2))
    assert (row.duration, row.source, row.status, row.price) == (75, "Conference", "completed", "-0.00250")
    with client.download_recording_media(sid("RE", 2), kind="mp3") as media:
        audio = b"".join(media)
    assert media.content_type == "audio/mpeg"
    assert len(audio) == media.length
    seen: list[str] = []
    assert client.delete_recording(sid("RE", 2), Asks(seen.append)) is Ended.NOW
    assert len(seen) == 1
    assert client.delete_recording(sid("RE", 2)) is Ended.ALREADY
    with pytest.raises(NotFoundError):
        client.download_recording_media(sid("RE", 2))
    assert {row.sid for row in client.list_recordings()} == {sid("RE", 1)}
    assert {row.sid for row in client.list_recordings(include_soft_deleted=True)} == {
        sid("RE", 1),
        sid("RE", 2),
    }
    assert client.fetch_recording(sid("RE", 2), include_soft_deleted=True).sid == sid("RE", 2)


def test_many_recordings_side_by_side(account: Emulator, client: Client) -> None:
    account.seed(
        {
            "generate": {
                "recordings": {"count": 6000, "start": "2025-06-01T00:00:00Z", "end": "2026-02-28T00:00:00Z"}
            }
        }
    )
    found = [row.sid for page in client.scan_recordings(page_size=200) for row in page]
    assert len(found) == len(set(found)) == 6000
    within = client.scan_recordings(
        created_from=date(2025, 9, 1), created_before=date(2025, 10, 1), page_size=50
    )
    expected = client.list_recordings(created_from=date(2025, 9, 1), created_before=date(2025, 10, 1))
    assert {row.sid for page in within for row in page} == {row.sid for row in expected}


def test_conferences(account: Emulator, client: Client) -> None:
    account.seed(
        {
            "conferences": [
                {"sid": sid("CF", 1), "friendly_name": "standup"},
                {"sid": sid("CF", 2), "friendly_name": "standup", "status": "completed"},
                {"sid": sid("CF", 3), "friendly_name": "other"},
            ]
        }
    )
    (room,) = client.list_conferences(friendly_name="standup", status="in-progress")
    assert (room.sid, room.region) == (sid("CF", 1), "us1")
    assert client.fetch_conference(room.sid) == room
    day = (room.date_updated or datetime.now(UTC)).date()
    found = client.list_conferences(friendly_name="other", updated_from=day)
    assert [other.sid for other in found] == [sid("CF", 3)]
    assert list(client.list_conferences(updated_before=day)) == []
    client.update_conference(room.sid, announce_url="https://example.com/notice.xml", announce_method="GET")
    assert client.end_conference(room.sid) is Ended.NOW
    assert client.fetch_conference(room.sid).status == "completed"
    account.switches(completed_conference_update="refuse")
    try:
        assert client.end_conference(room.sid) is Ended.ALREADY
    finally:
        account.switches(completed_conference_update="accept")


def test_participants(account: Emulator, client: Client) -> None:
    account.seed({"conferences": [{"sid": sid("CF", 1), "friendly_name": "standup"}]})
    bridge = CreateParticipant(
        to="+15558675310", from_="+15017122661", label="bridge", muted=True, wait_url=""
    )
    made = client.create_participant(sid("CF", 1), bridge)
    assert (made.conference_sid, made.muted, made.label) == (sid("CF", 1), True, "bridge")
    (sent,) = account.requests("createParticipant")
    assert sent["params"]["WaitUrl"] == ""
    account.clock_advance("30s")
    assert [person.call_sid for person in client.list_participants(sid("CF", 1))] == [made.call_sid]
    assert client.fetch_participant(sid("CF", 1), "bridge").call_sid == made.call_sid
    assert client.update_participant(sid("CF", 1), made.call_sid, hold=True, muted=False).hold is True
    assert [person.sid for person in client.list_participants(sid("CF", 1), muted=True)] == []
    with pytest.raises(ApiError) as caught:
        client.create_participant("standup", bridge)
    assert caught.value.code in (16025, 16026)
    assert client.delete_participant(sid("CF", 1), "bridge") is Ended.NOW
    assert client.delete_participant(sid("CF", 1), "bridge") is Ended.ALREADY


def test_a_call_whose_answer_is_lost_is_placed_once(account: Emulator, client: Client) -> None:
    account.faults([{"operation": "createCall", "times": 5, "kind": "drop-after"}])
    with pytest.raises(TwilioOutcomeUnknownError):
        client.create_call(REMINDER)
    account.faults([])
    assert len(account.requests("createCall")) == 1
    assert len(list(client.list_calls(to="+15558675310", from_="+15017122661"))) == 1


@pytest.mark.parametrize("kind", ["drop-before", "drop-after", "truncate", "garbage"])
def test_lists_get_over_faults(kind: str, account: Emulator, client: Client) -> None:
    account.seed({"generate": {"queues": {"count": 30}}})
    account.faults([{"operation": "listQueues", "times": 2, "kind": kind}])
    assert len(list(client.list_queues(page_size=10))) == 30


def test_too_many_requests_are_waited_out(account: Emulator, client: Client) -> None:
    account.faults([{"operation": "listQueues", "times": 3, "kind": "status", "status": 429, "code": 20429}])
    assert list(client.list_queues()) == []
    assert client.transport.throttle.limit == 1


NONSENSE: list[Callable[[Client], object]] = [
    lambda client: client.fetch_queue("QU1"),
    lambda client: client.fetch_queue("../Calls"),
    lambda client: client.delete_queue(sid("CA", 1)),
    lambda client: client.delete_recording(f"{sid('RE', 1)}\n"),
    lambda client: client.fetch_call(sid("CA", 1) + "/Recordings"),
    lambda client: client.fetch_conference("standup"),
    lambda client: client.list_participants("standup"),
    lambda client: client.create_participant("CF" + "1" * 31, CreateParticipant(to="+1", from_="+1")),
    lambda client: client.create_participant("..", CreateParticipant(to="+1", from_="+1")),
    lambda client: client.create_participant("", CreateParticipant(to="+1", from_="+1")),
    lambda client: client.fetch_participant(sid("CF", 1), "a/b"),
    lambda client: client.fetch_participant(sid("CF", 1), "a%2Fb"),
    lambda client: client.fetch_participant(sid("CF", 1), ""),
    lambda client: client.list_recordings(call_sid="CA1"),
    lambda client: client.update_call(sid("CA", 1)),
    lambda client: client.update_call(sid("CA", 1), status="completed", twiml="<Response/>"),
    lambda client: client.update_call(sid("CA", 1), url="https://example.com", twiml="<Response/>"),
    lambda client: client.update_conference(sid("CF", 1)),
    lambda client: client.list_recordings(created_from=datetime.fromisoformat("2026-01-01T00:00:00")),
]


@pytest.mark.parametrize("call", NONSENSE)
def test_nonsense_is_refused_before_anything_is_sent(
    call: Callable[[Client], object], account: Emulator, client: Client
) -> None:
    with pytest.raises(InvalidArgumentError) as caught:
        call(client)
    assert "nothing was sent" in str(caught.value)
    assert account.requests() == []
