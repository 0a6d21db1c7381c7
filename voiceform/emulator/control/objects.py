"""The objects of a seed, one function for each kind. What a field leaves open follows from the others."""

from __future__ import annotations

from voiceform.emulator.clock import SECOND
from voiceform.emulator.conferences.life import MAX_PARTICIPANTS
from voiceform.emulator.control.fields import Fields
from voiceform.emulator.store import packed
from voiceform.emulator.world import World

ENCRYPTION = (
    "public_key_sid",
    "encrypted_cek",
    "iv",
    "type",
    "encryption_public_key_sid",
    "encryption_cek",
    "encryption_iv",
)
#: Reserved for fiction; used where a seed names no number.
_TO, _FROM = "+15558675310", "+15017122661"


def queue(world: World, account: str, fields: Fields) -> None:
    """``{friendly_name, max_size, current_size, average_wait_time, sid, date_created, date_updated}``."""
    created, updated = _dates(world, fields)
    world.store.insert(
        "queues",
        sid=fields.text("sid") or world.sid("QU"),
        account=account,
        created=created,
        updated=updated,
        friendly_name=fields.word("friendly_name"),
        max_size=fields.count("max_size", world.switches.default_max_size),
        current_size=fields.count("current_size", 0),
        average_wait_time=fields.count("average_wait_time", 0),
    )


def call(world: World, account: str, fields: Fields) -> None:
    """A call in any status; a live one stays as it is until the API ends it.

    ``{to, from, status, direction, start_time, end_time, duration, price, answered_by, ...}``; default:
    completed, a minute.
    """
    created, updated = _dates(world, fields)
    status = fields.word("status", "completed")
    finished = status == "completed"
    start = fields.instant("start_time")
    start = created if start is None and status != "queued" else start
    duration = fields.integer("duration", 60 if finished else None)
    end = fields.instant("end_time")
    if end is None and finished and start is not None:
        end = start + (duration or 0) * SECOND
    world.store.insert(
        "calls",
        sid=fields.text("sid") or world.sid("CA"),
        account=account,
        created=created,
        updated=updated,
        to_number=fields.text("to", _TO),
        from_number=fields.text("from", _FROM),
        status=status,
        direction=fields.word("direction", "outbound-api"),
        parent_call_sid=fields.text("parent_call_sid"),
        start_time=start,
        end_time=end,
        duration=duration,
        price=fields.text("price"),
        answered_by=fields.text("answered_by"),
        caller_name=fields.text("caller_name"),
        forwarded_from=fields.text("forwarded_from"),
        queue_time=fields.count("queue_time", 0),
    )


def recording(world: World, account: str, fields: Fields) -> None:
    """``{call_sid, conference_sid, status, source, duration, channels, track, encryption_details, ...}``.
    A duration of -1 is what the API says while it does not know."""
    created, updated = _dates(world, fields)
    status = fields.word("status", "completed")
    done = status in ("completed", "deleted")
    start = fields.instant("start_time")
    world.store.insert(
        "recordings",
        sid=fields.text("sid") or world.sid("RE"),
        account=account,
        created=created,
        updated=updated,
        call_sid=fields.text("call_sid") or world.sid("CA"),
        conference_sid=fields.text("conference_sid"),
        status=status,
        source=fields.word("source", "OutboundAPI"),
        channels=fields.count("channels", 1),
        track=fields.text("track", "both"),
        duration=fields.integer("duration", 60 if done else None),
        price=fields.text("price", "-0.00250" if done else None),
        start_time=created if start is None else start,
        deleted=updated if status == "deleted" else None,
        options=packed(_encryption(fields)),
    )


def _encryption(fields: Fields) -> dict[str, object]:
    """``encryption_details: {public_key_sid, encrypted_cek, iv, type}`` makes it an encrypted recording
    (https://www.twilio.com/docs/voice/tutorials/voice-recording-encryption); the names of Twilio's OpenAPI
    document (``encryption_public_key_sid``, ...) are taken as well."""
    details = fields.nested("encryption_details")
    if details is None:
        return {}
    found = {name: text for name in ENCRYPTION if (text := details.text(name)) is not None}
    return {"encryption": found}


def conference(world: World, account: str, fields: Fields) -> None:
    """``{friendly_name, status, region, participants: [...], ...}``; default: in-progress."""
    created, updated = _dates(world, fields)
    sid = fields.text("sid") or world.sid("CF")
    world.store.insert(
        "conferences",
        sid=sid,
        account=account,
        created=created,
        updated=updated,
        friendly_name=fields.word("friendly_name"),
        status=fields.word("status", "in-progress"),
        region=fields.text("region", "us1"),
        reason=fields.text("reason_conference_ended"),
        ended_by=fields.text("call_sid_ending_conference"),
        max_participants=fields.count("max_participants", MAX_PARTICIPANTS),
    )
    for participant in fields.items("participants"):
        _participant(world, account, sid, created, participant)


def number(world: World, account: str, fields: Fields) -> None:
    """``{phone_number, outcome | outcomes: [...], talk_seconds}``: what happens when this number is
    called.
    """
    del account
    outcomes = fields.texts("outcomes") or [fields.word("outcome")]
    talk = fields.integer("talk_seconds", None)
    world.store.run(
        "INSERT OR REPLACE INTO numbers VALUES (?, ?, ?, 0)",
        fields.word("phone_number"),
        packed(outcomes),
        talk,
    )


def _participant(world: World, account: str, room: str, created: int, fields: Fields) -> None:
    """Somebody in a room, with a call of their own unless ``call_sid`` is one that is there."""
    status = fields.word("status", "connected")
    call_sid = fields.text("call_sid") or world.sid("CA")
    to, caller = fields.text("to", _TO), fields.text("from", _FROM)
    if world.store.one("SELECT 1 FROM calls WHERE sid = ?", call_sid) is None:
        live = {"queued": "queued", "connecting": "queued", "ringing": "ringing", "connected": "in-progress"}
        world.store.insert(
            "calls",
            sid=call_sid,
            account=account,
            created=created,
            updated=created,
            to_number=to,
            from_number=caller,
            status=live.get(status, "completed"),
            start_time=created,
        )
    coached = fields.text("call_sid_to_coach")
    world.store.insert(
        "participants",
        sid=world.sid("CP"),
        account=account,
        created=created,
        updated=created,
        conference_sid=room,
        call_sid=call_sid,
        label=fields.text("label"),
        status=status,
        muted=int(fields.flag("muted", False)),
        hold=int(fields.flag("hold", False)),
        coaching=int(fields.flag("coaching", coached is not None)),
        call_sid_to_coach=coached,
        start_on_enter=int(fields.flag("start_conference_on_enter", True)),
        end_on_exit=int(fields.flag("end_conference_on_exit", False)),
    )


def _dates(world: World, fields: Fields) -> tuple[int, int]:
    created = fields.instant("date_created")
    updated = fields.instant("date_updated")
    created = world.now if created is None else created
    return created, created if updated is None else updated
