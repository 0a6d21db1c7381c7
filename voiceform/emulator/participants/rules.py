"""What may be done with participants."""

from __future__ import annotations

import re
from typing import Any

from voiceform.emulator import timeline
from voiceform.emulator.calls import life as calls
from voiceform.emulator.calls.options import METHODS, dial_options
from voiceform.emulator.calls.rules import read_from, read_to
from voiceform.emulator.conferences import life as rooms
from voiceform.emulator.conferences.notices import tell
from voiceform.emulator.errors import bad_request
from voiceform.emulator.messages import Params
from voiceform.emulator.params import boolean, callback_events, choice, integer, url
from voiceform.emulator.sids import is_sid
from voiceform.emulator.store import Row, unpacked
from voiceform.emulator.world import World

LABEL_LENGTH = 128
NAME_LENGTH = 128
_CALL_SID = re.compile(r"CA[0-9a-f]{32}", re.ASCII)
REGIONS = ("us1", "us2", "ie1", "de1", "sg1", "br1", "au1", "jp1")
ROOM_EVENTS = ("start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement")
RECORDING_EVENTS = ("started", "in-progress", "paused", "resumed", "stopped", "completed", "failed", "absent")
ROOM_RECORDING_EVENTS = ("in-progress", "completed", "failed", "absent")
COLUMNS = {"Muted": "muted", "Hold": "hold", "Coaching": "coaching", "EndConferenceOnExit": "end_on_exit"}


def create(world: World, account: str, where: str, params: Params) -> Row:
    """Phone somebody into the room of this name or SID; the participant. A name without a live room makes a
    new one.

    Raises 16003 and 16022 (room), 16020 (full), 16024 and 16026 (label), and what calls raise.
    """
    to = read_to(params)
    caller = read_from(world, params, to)
    options = dial_options(world, params, RECORDING_EVENTS, "Amd", shortest=5)
    if params.one("AsyncAmd") is not None:
        raise bad_request(21263, "AsyncAmd is not supported for conference participants")
    room_options = _room_options(world, params)
    room = _room(world, account, where)
    members = [] if room is None else rooms.present(world, room["sid"])
    if room is not None and len(members) >= room["max_participants"]:
        raise bad_request(16020, "The conference is full")
    label = _label(params, members)
    columns = _columns(params, members)
    if world.profile.name == "twilio":
        # The published description has Hold here; the real service knows it for updates only.
        columns.pop("hold", None)
    call = calls.place(world, account, to, caller, options)
    conference = rooms.open_room(world, account, where, room_options) if room is None else room["sid"]
    sid = world.sid("CP")
    return world.store.inserted(
        "participants",
        sid=sid,
        account=account,
        created=world.now,
        updated=world.now,
        conference_sid=conference,
        call_sid=call["sid"],
        label=label,
        status="queued",
        start_on_enter=int(boolean(params, "StartConferenceOnEnter", True)),
        **columns,
    )


def find(world: World, room: Row, key: str) -> Row | None:
    """Somebody in a room by call SID or by label."""
    for participant in rooms.present(world, room["sid"]):
        if key in (participant["call_sid"], participant["label"]):
            return participant
    return None


def update(world: World, room: Row, participant: Row, params: Params) -> None:
    """Mute, hold, coach, and whether the conference ends with this person."""
    for name in ("HoldUrl", "AnnounceUrl", "WaitUrl"):
        url(params, name, 20001)
    for name in ("HoldMethod", "AnnounceMethod", "WaitMethod"):
        choice(params, name, METHODS)
    columns = _columns(params, rooms.present(world, room["sid"]))
    before = participant
    if columns:
        world.store.update("participants", participant["sid"], **columns, updated=world.now)
        participant = find(world, room, participant["call_sid"]) or participant
    for column, event in (("muted", "mute"), ("hold", "hold")):
        if column in columns and columns[column] != before[column]:
            tell(world, room, event if columns[column] else f"un{event}", participant)


def kick(world: World, participant: Row) -> None:
    """Throw somebody out: the call ends, or goes on with what comes after the room in its TwiML."""
    call = world.store.one("SELECT * FROM calls WHERE sid = ?", participant["call_sid"])
    if call is None:
        rooms.leave(world, participant["call_sid"], kicked=True, failed=False)
        return
    following = unpacked(call["options"]).get("following")
    if following is not None and participant["status"] == "connected":
        rooms.leave(world, call["sid"], kicked=True, failed=False)
        timeline.schedule(world, 0, "step", call["sid"], following)
    else:
        calls.end(world, call, "completed" if call["status"] == "in-progress" else "canceled", kicked=True)


def _room(world: World, account: str, where: str) -> Row | None:
    if is_sid(where, "CF"):
        room = world.store.visible("conferences", account, where)
        if room is None:
            raise bad_request(16003, f"Could not recognise the conference {where}")
        if room["status"] == "completed":
            raise bad_request(16022, f"Conference {where} does not exist or is completed")
        return room
    if not 1 <= len(where) <= NAME_LENGTH:
        raise bad_request(16003, f"A conference name has 1 to {NAME_LENGTH} characters")
    return rooms.active(world, account, where)


def _label(params: Params, members: list[Row]) -> str | None:
    label = params.one("Label")
    if not label:
        return None
    if len(label) > LABEL_LENGTH:
        raise bad_request(16024, f"The participant label must have at most {LABEL_LENGTH} characters")
    # 16023 is the same for TwiML's participantLabel.
    if "/" in label or "%2f" in label.lower() or _CALL_SID.fullmatch(label):
        raise bad_request(16024, "The participant label must not contain a slash or look like a CallSid")
    if any(member["label"] == label for member in members):
        raise bad_request(16026, f"The label {label} is in use by another participant of this conference")
    return label


def _columns(params: Params, members: list[Row]) -> dict[str, object]:
    """The columns that parameters set; what is absent is not in it."""
    columns: dict[str, object] = {
        column: int(boolean(params, name)) for name, column in COLUMNS.items() if params.one(name) is not None
    }
    coached = params.one("CallSidToCoach")
    if coached:
        member = next((row for row in members if row["call_sid"] == coached), None)
        if member is None:
            raise bad_request(16028, f"The participant to coach, {coached}, is not in this conference")
        if member["hold"]:
            raise bad_request(16027, f"The participant to coach, {coached}, is on hold")
        columns["call_sid_to_coach"] = coached
        columns.setdefault("coaching", 1)
    elif columns.get("coaching"):
        raise bad_request(20001, "CallSidToCoach is required where Coaching is true")
    elif "coaching" in columns:
        columns["call_sid_to_coach"] = None
    return columns


def _room_options(world: World, params: Params) -> dict[str, Any]:
    """What the first participant decides for the whole room."""
    refuse = world.switches.unknown_callback_event == "refuse"
    record = choice(params, "ConferenceRecord", ("true", "false", "record-from-start", "do-not-record"))
    choice(params, "Beep", ("true", "false", "onEnter", "onExit"))
    choice(params, "WaitMethod", METHODS)
    url(params, "WaitUrl", 20001)
    return {
        "max_participants": integer(params, "MaxParticipants", 2, rooms.MAX_PARTICIPANTS),
        "region": choice(params, "Region", REGIONS),
        "record": record in ("true", "record-from-start"),
        "callback": url(params, "ConferenceStatusCallback", 21609),
        "callback_method": choice(params, "ConferenceStatusCallbackMethod", METHODS) or "POST",
        "callback_events": callback_events(
            params, "ConferenceStatusCallbackEvent", ROOM_EVENTS, refuse=refuse
        ),
        "recording": {
            "callback": url(params, "ConferenceRecordingStatusCallback", 21609),
            "callback_method": choice(params, "ConferenceRecordingStatusCallbackMethod", METHODS) or "POST",
            "callback_events": callback_events(
                params, "ConferenceRecordingStatusCallbackEvent", ROOM_RECORDING_EVENTS, refuse=refuse
            ),
        },
    }
