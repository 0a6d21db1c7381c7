"""What may be done with recordings."""

from __future__ import annotations

from voiceform.emulator.calls.options import RECORDING_EVENTS, recording_options
from voiceform.emulator.clock import DAY
from voiceform.emulator.errors import bad_request, not_complete, not_found
from voiceform.emulator.messages import Params, Request
from voiceform.emulator.params import boolean
from voiceform.emulator.recordings import life
from voiceform.emulator.store import Row
from voiceform.emulator.world import World

#: How long the description of a deleted recording can still be read, with ``IncludeSoftDeleted=true``.
REMEMBERED = 40 * DAY


def find(world: World, request: Request, sid: str) -> Row:
    """The recording of this SID, deleted ones only where the query includes them; 404 otherwise."""
    recording = world.store.visible("recordings", request.account, sid)
    if recording is None or (
        recording["deleted"] is not None and not remembered(world, recording, request.query)
    ):
        raise not_found(request.path)
    return recording


def remembered(world: World, recording: Row, query: Params) -> bool:
    """Whether a deleted recording is to be shown."""
    return boolean(query, "IncludeSoftDeleted") and recording["deleted"] > world.now - REMEMBERED


def start(world: World, call: Row, params: Params) -> str:
    """Record a call that is in progress (21220 otherwise); the SID."""
    if call["status"] != "in-progress":
        raise bad_request(21220, "Call is not in-progress. Cannot record.")
    options = recording_options(world, params, RECORDING_EVENTS)
    return life.start(world, call["account"], call["sid"], "StartCallRecordingAPI", options)


def delete(world: World, recording: Row) -> None:
    """Destroy the audio at once and for ever; the description stays readable for 40 days."""
    if recording["status"] in life.RUNNING and world.switches.live_recording_delete_refused:
        raise not_complete(world.switches.not_complete_status)
    world.store.run(
        "UPDATE recordings SET status = 'deleted', deleted = ?, updated = ? WHERE sid = ?",
        world.now,
        world.now,
        recording["sid"],
    )
