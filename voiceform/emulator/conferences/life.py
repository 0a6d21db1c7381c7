"""The life of a conference: ``init`` until a participant who starts it is connected, ``in-progress``,
``completed``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceform.emulator import timeline
from voiceform.emulator.conferences.notices import ended, tell
from voiceform.emulator.recordings import life as recordings
from voiceform.emulator.store import Row, packed, unpacked
from voiceform.emulator.world import World

#: Participants who count: the others have left or were never reached.
PRESENT = "status IN ('queued', 'connecting', 'ringing', 'connected')"
MAX_PARTICIPANTS = 250


def active(world: World, account: str, name: str) -> Row | None:
    """The room of this name that is not over; there is at most one."""
    return world.store.one(
        "SELECT * FROM conferences WHERE account IN (?, '') AND friendly_name = ? AND status <> 'completed' "
        "ORDER BY seq DESC LIMIT 1",
        account,
        name,
    )


def open_room(world: World, account: str, name: str, options: Mapping[str, Any]) -> str:
    """A new room; the first participant's options hold for it (max_participants, region, record,
    callbacks).
    """
    sid = world.sid("CF")
    world.store.insert(
        "conferences",
        sid=sid,
        account=account,
        created=world.now,
        updated=world.now,
        friendly_name=name,
        status="init",
        region=options.get("region") or "us1",
        max_participants=options.get("max_participants") or MAX_PARTICIPANTS,
        options=packed(dict(options)),
    )
    return sid


def present(world: World, conference_sid: str) -> list[Row]:
    """The participants who are in the room or on the way to it."""
    return world.store.all(
        f"SELECT * FROM participants WHERE conference_sid = ? AND {PRESENT} ORDER BY seq",  # noqa: S608
        conference_sid,
    )


def progress(world: World, call_sid: str, status: str) -> None:
    """A participant's call was dialled or rings."""
    world.store.run(
        "UPDATE participants SET status = ?, updated = ? WHERE call_sid = ?", status, world.now, call_sid
    )


def join(world: World, call: Row, name: str, settings: Mapping[str, str], following: str) -> bool:
    """A call joins by TwiML ``<Conference>``; False if the room is full or has no name.

    ``following`` is the step of the call's TwiML that comes after the room.
    """
    if not name:
        return False
    room = active(world, call["account"], name)
    if room is not None and len(present(world, room["sid"])) >= room["max_participants"]:
        return False
    sid = open_room(world, call["account"], name, _room_options(settings)) if room is None else room["sid"]
    world.store.insert(
        "participants",
        sid=world.sid("CP"),
        account=call["account"],
        created=world.now,
        updated=world.now,
        conference_sid=sid,
        call_sid=call["sid"],
        label=settings.get("participantLabel"),
        status="queued",
        muted=_flag(settings, "muted", False),
        coaching=int("coach" in settings),
        call_sid_to_coach=settings.get("coach"),
        start_on_enter=_flag(settings, "startConferenceOnEnter", True),
        end_on_exit=_flag(settings, "endConferenceOnExit", False),
    )
    options = {**unpacked(call["options"]), "following": following}
    world.store.update("calls", call["sid"], options=packed(options))
    return connect(world, call["sid"])


def connect(world: World, call_sid: str) -> bool:
    """A participant's call was answered; False if the call belongs to no room. The room may start with it."""
    participant = _participant(world, call_sid)
    if participant is None:
        return False
    world.store.update("participants", participant["sid"], status="connected", updated=world.now)
    room = _room(world, participant["conference_sid"])
    tell(world, room, "join", participant)
    if room["status"] == "init" and participant["start_on_enter"]:
        world.store.update("conferences", room["sid"], status="in-progress", updated=world.now)
        tell(world, room, "start")
        options = unpacked(room["options"])
        if options.get("record"):
            recordings.start(
                world, room["account"], call_sid, "Conference", options.get("recording", {}), room["sid"]
            )
    return True


def leave(world: World, call_sid: str, kicked: bool, failed: bool) -> None:
    """A call leaves its room, if it is in one; the room may end with it."""
    participant = _participant(world, call_sid)
    if participant is None:
        return
    status = "failed" if failed else "complete"
    world.store.update("participants", participant["sid"], status=status, updated=world.now)
    room = _room(world, participant["conference_sid"])
    how = "kicked" if kicked else "left"
    if participant["status"] == "connected":
        _tell_of_leaving(world, room, participant, f"participant_{how}")
    if participant["end_on_exit"] and participant["status"] == "connected":
        finish(world, room, f"participant-with-end-conference-on-exit-{how}", participant)
    elif not present(world, room["sid"]):
        finish(world, room, f"last-participant-{how}", participant)


def finish(world: World, room: Row, reason: str, participant: Row | None) -> None:
    """End a room, by the leaving of ``participant`` or through the API.

    Calls in it go on with what comes after it in their TwiML; calls on their way are cancelled.
    """
    world.store.update(
        "conferences",
        room["sid"],
        status="completed",
        reason=reason,
        ended_by=participant["call_sid"] if participant else None,
        updated=world.now,
    )
    recordings.finish_of_conference(world, room["sid"])
    for member in present(world, room["sid"]):
        world.store.update("participants", member["sid"], status="complete", updated=world.now)
        if member["status"] == "connected":
            _tell_of_leaving(world, room, member, "conference_ended")
        dismiss(world, member)
    tell(world, room, "end", None, **ended(reason, participant))


def _tell_of_leaving(world: World, room: Row, participant: Row, reason: str) -> None:
    call = world.store.one("SELECT status FROM calls WHERE sid = ?", participant["call_sid"])
    status = call["status"] if call else "completed"
    tell(world, room, "leave", participant, ParticipantCallStatus=status, ReasonParticipantLeft=reason)


def dismiss(world: World, participant: Row) -> None:
    """What becomes of the call of somebody who is no longer in a room."""
    call = world.store.one("SELECT options FROM calls WHERE sid = ?", participant["call_sid"])
    following = unpacked(call["options"]).get("following") if call else None
    if participant["status"] == "connected" and following is not None:
        timeline.schedule(world, 0, "step", participant["call_sid"], following)
    elif call is not None:
        timeline.schedule(world, 0, "cancel", participant["call_sid"])


def _participant(world: World, call_sid: str) -> Row | None:
    return world.store.one(
        f"SELECT * FROM participants WHERE call_sid = ? AND {PRESENT} ORDER BY seq DESC LIMIT 1",  # noqa: S608
        call_sid,
    )


def _room(world: World, sid: str) -> Row:
    room = world.store.one("SELECT * FROM conferences WHERE sid = ?", sid)
    if room is None:
        raise LookupError(f"a participant in an unknown conference {sid}")
    return room


def _flag(settings: Mapping[str, str], name: str, default: bool) -> int:
    return int(settings[name] == "true") if name in settings else int(default)


def _room_options(settings: Mapping[str, str]) -> dict[str, Any]:
    """The attributes of ``<Conference>`` that hold for the whole room."""
    limit = settings.get("maxParticipants", "")
    return {
        "max_participants": int(limit)
        if limit.isascii() and limit.isdigit() and 2 <= int(limit) <= 250
        else None,
        "region": settings.get("region"),
        "record": settings.get("record", "do-not-record") in ("record-from-start", "true"),
        "callback": settings.get("statusCallback"),
        "callback_method": settings.get("statusCallbackMethod", "POST"),
        "callback_events": settings.get("statusCallbackEvent", "start end").split(),
        "recording": {
            "callback": settings.get("recordingStatusCallback"),
            "callback_method": settings.get("recordingStatusCallbackMethod", "POST"),
            "callback_events": settings.get("recordingStatusCallbackEvent", "completed").split(),
        },
    }
