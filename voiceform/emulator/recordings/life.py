"""The life of a recording: in progress, processing, completed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceform.emulator import timeline
from voiceform.emulator.clock import SECOND
from voiceform.emulator.profiles import TwilioProfile
from voiceform.emulator.store import Row, packed, unpacked
from voiceform.emulator.world import World

#: How long a finished recording is processed.
PROCESSING = 2 * SECOND
#: Recordings that are still running.
RUNNING = ("in-progress", "paused")
_PRICE_PER_MINUTE = 0.0025


def start(
    world: World,
    account: str,
    call_sid: str,
    source: str,
    options: Mapping[str, Any],
    conference_sid: str | None = None,
) -> str:
    """Begin to record a call or a conference; the SID.

    ``options`` may hold channels (``mono``, ``dual``), track and the recording callback; ``seconds`` ends it
    by itself.
    """
    sid = world.sid("RE")
    kept = {
        name: options[name] for name in ("callback", "callback_method", "callback_events") if name in options
    }
    world.store.insert(
        "recordings",
        sid=sid,
        account=account,
        created=world.now,
        updated=world.now,
        call_sid=call_sid,
        conference_sid=conference_sid,
        status="in-progress",
        source=source,
        channels=2 if options.get("channels") == "dual" else 1,
        track=options.get("track", "both"),
        start_time=world.now,
        options=packed(kept),
    )
    _tell(world, sid, "in-progress")
    if "seconds" in options:
        timeline.schedule(
            world, options["seconds"] * SECOND + PROCESSING, "recorded", sid, str(options["seconds"])
        )
    return sid


def finish_of_call(world: World, call_sid: str) -> None:
    """The call is over, and so are the recordings of its own."""
    _finish(world, "call_sid = ? AND conference_sid IS NULL", call_sid)


def finish_of_conference(world: World, conference_sid: str) -> None:
    """The conference is over, and so are its recordings."""
    _finish(world, "conference_sid = ?", conference_sid)


def complete(world: World, event: Row) -> None:
    """A recording is ready, or absent when nothing was recorded."""
    recording = world.store.one("SELECT * FROM recordings WHERE sid = ? AND deleted IS NULL", event["sid"])
    if recording is None or recording["status"] == "completed":
        return
    seconds = int(event["detail"] or 0)
    world.store.update(
        "recordings",
        recording["sid"],
        status="completed" if seconds else "absent",
        duration=seconds,
        price=f"-{-(-seconds // 60) * _PRICE_PER_MINUTE:.5f}",
        updated=world.now,
    )
    _tell(world, recording["sid"], "completed" if seconds else "absent")


def _finish(world: World, condition: str, sid: str) -> None:
    for recording in world.store.all(
        f"SELECT * FROM recordings WHERE {condition} AND status IN ('in-progress', 'paused')",  # noqa: S608
        sid,
    ):
        seconds = -(-(world.now - recording["created"]) // SECOND)
        timeline.cancel(world, recording["sid"])
        world.store.update("recordings", recording["sid"], status="processing", updated=world.now)
        timeline.schedule(world, PROCESSING, "recorded", recording["sid"], str(seconds))


def _tell(world: World, sid: str, event: str) -> None:
    recording = world.store.one("SELECT * FROM recordings WHERE sid = ?", sid)
    if recording is None:
        return
    options = unpacked(recording["options"])
    if not options.get("callback") or event not in (options.get("callback_events") or ["completed"]):
        return
    params = {
        "AccountSid": recording["account"],
        "CallSid": recording["call_sid"],
        "RecordingSid": sid,
        "RecordingUrl": f"{world.origin}/2010-04-01/Accounts/{recording['account']}/Recordings/{sid}",
        "RecordingStatus": event,
        "RecordingChannels": str(recording["channels"]),
        "RecordingSource": recording["source"],
        "RecordingTrack": recording["track"] or "both",
        "RecordingStartTime": TwilioProfile().date(recording["created"]),
    }
    if recording["conference_sid"]:
        params["ConferenceSid"] = recording["conference_sid"]
    if event == "completed":
        params["RecordingDuration"] = str(recording["duration"])
    world.post(recording["account"], options.get("callback_method", "POST"), options["callback"], params)
