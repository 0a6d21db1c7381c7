"""The operations on recordings: of a call, of a conference, of the account, and their audio."""

from __future__ import annotations

from voiceform.emulator.calls.routes import find as find_call
from voiceform.emulator.errors import bad_request, not_found
from voiceform.emulator.filters import Filter
from voiceform.emulator.messages import Request, Response, json_response, no_content
from voiceform.emulator.paging import Listing, list_page
from voiceform.emulator.params import boolean
from voiceform.emulator.recordings import media, rules
from voiceform.emulator.recordings.wire import render
from voiceform.emulator.store import unpacked
from voiceform.emulator.world import World

LISTING = Listing("recordings", "RE")


def list_recordings(world: World, request: Request) -> Response:
    """All recordings by DateCreated, CallSid and ConferenceSid; with IncludeSoftDeleted also deleted ones."""
    chosen = Filter()
    chosen.date(request.query, "DateCreated", "created")
    chosen.equal(request.query, "CallSid", "call_sid")
    chosen.equal(request.query, "ConferenceSid", "conference_sid")
    if boolean(request.query, "IncludeSoftDeleted"):
        chosen.add("(deleted IS NULL OR deleted > ?)", world.now - rules.REMEMBERED)
        chosen.echo.append(("IncludeSoftDeleted", "true"))
    else:
        chosen.add("deleted IS NULL")
    return _page(world, request, chosen)


def list_call_recordings(world: World, request: Request) -> Response:
    """The recordings of a call; they outlive the call's own record."""
    sid = request.ids[0]
    if world.store.visible("calls", request.account, sid) is None and not world.store.one(
        "SELECT 1 FROM recordings WHERE call_sid = ? AND account IN (?, '') LIMIT 1", sid, request.account
    ):
        raise not_found(request.path)
    return _of(world, request, "call_sid", sid)


def list_conference_recordings(world: World, request: Request) -> Response:
    """The recordings of a conference."""
    if world.store.visible("conferences", request.account, request.ids[0]) is None:
        raise not_found(request.path)
    return _of(world, request, "conference_sid", request.ids[0])


def create_call_recording(world: World, request: Request) -> Response:
    """Start to record a call that is in progress."""
    sid = rules.start(world, find_call(world, request, request.ids[0]), request.form)
    status = world.switches.recording_start_status
    return json_response(status, render(world, request.account, rules.find(world, request, sid)))


def fetch_recording(world: World, request: Request) -> Response:
    """One recording."""
    return json_response(200, render(world, request.account, rules.find(world, request, request.ids[0])))


def delete_recording(world: World, request: Request) -> Response:
    """204; a second deletion is 404."""
    recording = rules.find(world, request, request.ids[0])
    if recording["deleted"] is not None:
        raise not_found(request.path)
    rules.delete(world, recording)
    return no_content()


def fetch_media(world: World, request: Request) -> Response:
    """The audio as WAV (also without a suffix) or MP3; 404 until it is complete, 16113 for two channels of a
    mono one, 16109 for the MP3 of an encrypted one.
    """
    recording = rules.find(world, request, request.ids[0])
    if recording["status"] != "completed":
        raise not_found(request.path)
    channels = request.query.one("RequestedChannels")
    if channels == "2" and recording["channels"] == 1:
        raise bad_request(16113, "The recording is mono and cannot be fetched as dual-channel")
    seconds = max(0, recording["duration"] or 0)
    if "encryption" in unpacked(recording["options"]):
        if request.suffix == "mp3":
            raise bad_request(16109, "An encrypted recording cannot be fetched as mp3")
        return Response(200, media.encrypted(recording["sid"], seconds), b"application/octet-stream")
    if request.suffix == "mp3":
        return Response(200, media.mp3(recording["sid"], seconds), b"audio/mpeg")
    stereo = recording["channels"] == 2 and channels != "1"
    return Response(200, media.wav(recording["sid"], 2 if stereo else 1, seconds), b"audio/x-wav")


def _of(world: World, request: Request, column: str, sid: str) -> Response:
    chosen = Filter()
    chosen.date(request.query, "DateCreated", "created")
    chosen.add(f"{column} = ?", sid)
    chosen.add("deleted IS NULL")
    return _page(world, request, chosen)


def _page(world: World, request: Request, chosen: Filter) -> Response:
    return list_page(world, request, LISTING, chosen, render)
