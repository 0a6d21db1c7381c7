"""The official helper library against the emulator: what it can do with the service it can do here."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from twilio.base.exceptions import TwilioException, TwilioRestException  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from tests.emulator.api import ACCOUNT, FROM, TO, TOKEN, TWIML
from voiceform.emulator import Emulator


@pytest.fixture
def client(emulator: Emulator) -> Client:
    client = Client(ACCOUNT, TOKEN)
    client.api.base_url = emulator.url
    return client


def _code(error: pytest.ExceptionInfo[TwilioRestException]) -> tuple[int, int | None]:
    return error.value.status, error.value.code


def test_queues(emulator: Emulator, client: Client) -> None:
    emulator.seed(
        {"generate": {"queues": {"count": 120}}, "queues": [{"friendly_name": "busy", "current_size": 1}]}
    )
    queue = client.queues.create(friendly_name="Support", max_size=10)
    assert queue.date_created == datetime(2026, 3, 1, 12, tzinfo=UTC)
    assert client.queues(queue.sid).fetch().friendly_name == "Support"
    assert queue.update(max_size=20).max_size == 20
    listed = client.queues.list(page_size=50)
    assert len({each.sid for each in listed}) == 122
    assert len(client.queues.list(limit=60)) == 60
    with pytest.raises(TwilioRestException) as error:
        client.queues.create(friendly_name="Support")
    assert _code(error) == (400, 22003)
    with pytest.raises(TwilioRestException) as error:
        next(each for each in listed if each.friendly_name == "busy").delete()
    assert error.value.status == 400
    # The library asks for as many rows a page as it is to return at most, and the service refuses that.
    with pytest.raises(TwilioException, match=r'400 {"code":20007'):
        client.queues.list(limit=2000)
    assert queue.delete() is True
    with pytest.raises(TwilioRestException) as error:
        client.queues(queue.sid).fetch()
    assert _code(error) == (404, 20404)


def test_calls(emulator: Emulator, client: Client) -> None:
    call = client.calls.create(
        to=TO, from_=FROM, twiml=TWIML, status_callback_event=["initiated", "completed"]
    )
    assert (call.status, call.direction, call.price) == ("queued", "outbound-api", None)
    with pytest.raises(TwilioRestException) as error:
        call.delete()
    assert _code(error) == (409, 20009)
    emulator.clock_advance("10s")
    assert call.fetch().status == "in-progress"
    assert call.update(status="completed").status == "completed"
    with pytest.raises(TwilioRestException) as error:
        call.update(status="completed")
    assert _code(error) == (400, 21220)
    with pytest.raises(TwilioRestException) as error:
        client.calls.create(to="+15005550001", from_=FROM, twiml=TWIML)
    assert _code(error) == (400, 21217)
    emulator.seed({"generate": {"calls": {"count": 70, "start": "2026-01-01", "end": "2026-01-08"}}})
    assert len(client.calls.list(page_size=20)) == 71
    since = client.calls.list(start_time_after=datetime(2026, 2, 1, tzinfo=UTC), status="completed", to=TO)
    assert [each.sid for each in since] == [call.sid]
    assert call.delete() is True
    assert len(client.calls.list()) == 70


def test_recordings(emulator: Emulator, client: Client) -> None:
    call = client.calls.create(to=TO, from_=FROM, twiml=TWIML)
    with pytest.raises(TwilioRestException) as error:
        client.calls(call.sid).recordings.create()
    assert _code(error) == (400, 21220)
    emulator.clock_advance("10s")
    recording = client.calls(call.sid).recordings.create(recording_channels="dual")
    assert recording.status == "in-progress"
    with pytest.raises(TwilioRestException) as error:
        client.recordings(recording.sid).delete()
    assert _code(error) == (409, 20009)
    emulator.clock_advance("1h")
    assert client.recordings(recording.sid).fetch().status == "completed"
    assert [each.sid for each in client.calls(call.sid).recordings.list()] == [recording.sid]
    emulator.seed({"generate": {"recordings": {"count": 60, "start": "2026-01-01", "end": "2026-01-07"}}})
    assert len(client.recordings.list(page_size=25)) == 61
    assert len(client.recordings.list(date_created_before=datetime(2026, 1, 2, tzinfo=UTC))) == 10
    assert client.recordings(recording.sid).delete() is True
    assert client.recordings(recording.sid).fetch(include_soft_deleted=True).status == "deleted"
    with pytest.raises(TwilioRestException) as error:
        client.recordings(recording.sid).delete()
    assert _code(error) == (404, 20404)


def test_conferences_and_participants(emulator: Emulator, client: Client) -> None:
    person = client.conferences("standup").participants.create(from_=FROM, to=TO, label="bridge")
    with pytest.raises(TwilioRestException) as error:
        client.conferences("standup").participants.create(from_=FROM, to=TO, label="bridge")
    assert _code(error) == (400, 16026)
    emulator.clock_advance("10s")
    room = client.conferences.list(friendly_name="standup", status="in-progress")[0]
    assert room.sid == person.conference_sid
    assert [each.label for each in room.participants.list()] == ["bridge"]
    assert room.participants("bridge").update(muted=True).muted is True
    assert room.participants("bridge").fetch().muted is True
    assert room.participants.list(muted=False) == []
    client.conferences(room.sid).participants.create(from_=FROM, to=TO)
    assert room.participants("bridge").delete() is True
    assert room.update(status="completed").status == "completed"
    assert client.conferences(room.sid).fetch().reason_conference_ended == "conference-ended-via-api"
    with pytest.raises(TwilioRestException) as error:
        client.conferences(room.sid).participants.create(from_=FROM, to=TO)
    assert _code(error) == (400, 16022)
    emulator.seed(
        {"conferences": [{"friendly_name": f"r{n}", "date_created": "2026-01-01"} for n in range(55)]}
    )
    assert len(client.conferences.list(page_size=10)) == 56
    assert len(client.conferences.list(date_created_before=date(2026, 2, 1))) == 55


def test_credentials(emulator: Emulator) -> None:
    client = Client("AC" + "7" * 32, TOKEN, ACCOUNT)
    client.api.base_url = emulator.url
    with pytest.raises(TwilioException, match=r'401 {"code":20003'):
        client.queues.list()
    key = Client("SK" + "7" * 32, "secret", ACCOUNT)
    key.api.base_url = emulator.url
    assert key.queues.create(friendly_name="by key").account_sid == ACCOUNT
