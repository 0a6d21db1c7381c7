"""The life of a call: queued, dialled, ringing, in progress, ended.

Each function is what one event does. Calls are dialled at the account's speed (1 per second by default);
those above it wait in the queue, which holds 24 hours (22005). A second passes between dialling and ringing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from voiceform.emulator import timeline
from voiceform.emulator.calls import notices
from voiceform.emulator.calls.numbers import Outcome, outcome_of
from voiceform.emulator.calls.twiml import Step, steps
from voiceform.emulator.clock import DAY, SECOND
from voiceform.emulator.conferences import life as rooms
from voiceform.emulator.errors import bad_request
from voiceform.emulator.queues import rules as queues
from voiceform.emulator.recordings import life as recordings
from voiceform.emulator.store import Row, packed, unpacked
from voiceform.emulator.world import World

LIVE = ("queued", "ringing", "in-progress")
SETUP = SECOND
#: How long after its end a call has a price.
PRICING = 30 * SECOND
TIME_LIMIT = 4 * 3600
#: How the greeting of a machine ends, for detection that waits for that.
_MACHINES: Mapping[str, str] = MappingProxyType(
    {
        "machine": "machine_end_beep",
        "machine-silence": "machine_end_silence",
        "machine-other": "machine_end_other",
    }
)


def place(world: World, account: str, to: str, caller: str, options: Mapping[str, Any]) -> Row:
    """Queue a call. ``options`` are kept with it (timeout, callbacks, recording, TwiML). Raises
    22005.
    """
    gap = round(SECOND / world.settings.calls_per_second)
    slots = world.store.one(
        "INSERT INTO dial_slots VALUES (?1, ?2 + ?3) "
        "ON CONFLICT DO UPDATE SET next = max(next, ?2) + ?3 RETURNING next",
        account,
        world.now,
        gap,
    )
    wait = slots["next"] - gap - world.now if slots else 0
    if wait > DAY:
        raise bad_request(22005, "Call Queue Full: the queue would exceed 24 hours of calls")
    sid = world.sid("CA")
    call = world.store.inserted(
        "calls",
        sid=sid,
        account=account,
        created=world.now,
        updated=world.now,
        to_number=to,
        from_number=caller,
        status="queued",
        queue_time=wait // 1000,
        options=packed(options),
    )
    timeline.schedule(world, wait + SETUP // 2, "dial", sid)
    return call


def dial(world: World, event: Row) -> None:
    """The number is dialled; its outcome is drawn now."""
    call = _call(world, event)
    outcome = outcome_of(world, call["to_number"])
    world.store.update("calls", call["sid"], start_time=world.now, updated=world.now, outcome=_dump(outcome))
    rooms.progress(world, call["sid"], "connecting")
    notices.tell(world, call, "initiated")
    if outcome.result == "failed":
        timeline.schedule(world, SETUP, "refuse", call["sid"], "failed")
    else:
        timeline.schedule(world, SETUP, "ring", call["sid"])


def ring(world: World, event: Row) -> None:
    """It rings, until somebody answers, it is refused, or the timeout passes."""
    call = _move(world, event, status="ringing")
    outcome = _outcome(call)
    rooms.progress(world, call["sid"], "ringing")
    notices.tell(world, call, "ringing")
    timeout = unpacked(call["options"]).get("timeout", 60)
    if outcome.result == "busy" and outcome.ring < timeout:
        timeline.schedule(world, outcome.ring * SECOND, "refuse", call["sid"], "busy")
    elif outcome.result == "answered" and outcome.ring < timeout:
        timeline.schedule(world, outcome.ring * SECOND, "answer", call["sid"])
    else:
        timeline.schedule(world, timeout * SECOND, "refuse", call["sid"], "no-answer")


def refuse(world: World, event: Row) -> None:
    """Busy, no answer, or failed; the event says which."""
    end(world, _call(world, event), event["detail"])


def answer(world: World, event: Row) -> None:
    """Somebody, or something, answers: the call goes into its room, or through its TwiML."""
    call = _call(world, event)
    outcome, options = _outcome(call), unpacked(call["options"])
    detection = options.get("machine_detection")
    answered_by = outcome.answered_by
    if answered_by in _MACHINES:
        answered_by = _MACHINES[answered_by] if detection == "DetectMessageEnd" else "machine_start"
    call = _move(
        world,
        event,
        status="in-progress",
        answered=world.now,
        answered_by=answered_by if detection else None,
    )
    notices.tell(world, call, "answered")
    notices.tell_who_answered(world, call)
    if options.get("record"):
        recordings.start(world, call["account"], call["sid"], "OutboundAPI", options)
    limit = min(outcome.talk, options.get("time_limit") or TIME_LIMIT)
    timeline.schedule(world, limit * SECOND, "hangup", call["sid"])
    if not rooms.connect(world, call["sid"]):
        _begin(world, call)


def _begin(world: World, call: Row) -> None:
    """The first step of the TwiML. A document at a URL that cannot be had (11200) is asked of the fallback;
    where there is none the call ends."""
    options = unpacked(call["options"])
    if options.get("url") and world.switches.answer_url == "fail" and not notices.ask_fallback(world, call):
        end(world, call, "completed")
        return
    _go(world, call, steps(options.get("twiml")), 0)


def step(world: World, event: Row) -> None:
    """The next step of the TwiML; nothing is left after the last, and the call ends."""
    call = _call(world, event)
    if call["status"] in LIVE:
        index = int(event["detail"])
        if index:
            _go(world, call, steps(unpacked(call["options"]).get("twiml")), index)
        else:
            _begin(world, call)


def hang_up(world: World, event: Row) -> None:
    """The person hangs up, or the time limit is reached."""
    call = _call(world, event)
    if call["status"] in LIVE:
        end(world, call, "completed")


def cancel(world: World, event: Row) -> None:
    """A call that is no longer wanted: canceled if nobody has answered yet."""
    call = _call(world, event)
    if call["status"] in LIVE:
        end(world, call, "completed" if call["status"] == "in-progress" else "canceled")


def price(world: World, event: Row) -> None:
    """The call has been rated: a negative text, per minute begun."""
    call = world.store.one("SELECT * FROM calls WHERE sid = ?", event["sid"])
    if call is not None:
        minutes = -(-(call["duration"] or 0) // 60)
        world.store.update("calls", call["sid"], price=f"-{minutes * 0.014:.5f}", updated=world.now)


def limit(world: World, call: Row, seconds: int) -> None:
    """A call lasts no longer than so many seconds from its answer."""
    options = {**unpacked(call["options"]), "time_limit": seconds}
    world.store.update("calls", call["sid"], options=packed(options), updated=world.now)
    if call["answered"] is not None:
        left = max(0, call["answered"] + seconds * SECOND - world.now)
        timeline.schedule(world, left, "hangup", call["sid"])


def redirect(world: World, call: Row, twiml: str | None, more: Mapping[str, Any]) -> None:
    """A call in progress leaves what it does for other TwiML; None is a document at a URL. ``more`` are
    options that change with it."""
    found = world.store.one("SELECT options FROM calls WHERE sid = ?", call["sid"])
    options = {**unpacked((found or call)["options"]), "twiml": twiml, **more}
    world.store.update("calls", call["sid"], options=packed(options), updated=world.now)
    _leave(world, call)
    world.store.run("DELETE FROM events WHERE sid = ? AND kind = 'step'", call["sid"])
    timeline.schedule(world, 0, "step", call["sid"], "0")


def end(world: World, call: Row, status: str, kicked: bool = False) -> None:
    """The call is over: it leaves room and queue, its recordings are finished, and what was to come is
    cancelled.
    """
    timeline.cancel(world, call["sid"])
    changes: dict[str, object] = {"status": status, "updated": world.now}
    if status == "completed":
        answered = call["answered"] or call["start_time"] or call["created"]
        changes |= {"end_time": world.now, "duration": -(-(world.now - answered) // SECOND)}
        timeline.schedule(world, PRICING, "price", call["sid"])
    elif status != "canceled":
        changes["answered_by"] = None
    ended = world.store.changed("calls", call["sid"], **changes)
    recordings.finish_of_call(world, call["sid"])
    _leave(world, call, kicked, failed=status in ("failed", "busy", "no-answer"))
    notices.tell(world, ended, "completed")


def _leave(world: World, call: Row, kicked: bool = False, failed: bool = False) -> None:
    if call["queue_sid"]:
        world.store.run(
            "UPDATE queues SET current_size = max(current_size - 1, 0) WHERE sid = ?", call["queue_sid"]
        )
        world.store.update("calls", call["sid"], queue_sid=None, enqueued=None)
    rooms.leave(world, call["sid"], kicked=kicked, failed=failed)


def _go(world: World, call: Row, script: list[Step], index: int) -> None:
    """Begin a step; it schedules the one after it, or leaves that to the end of the room or queue."""
    following = str(index + 1)
    current = script[index] if index < len(script) else Step("hangup")
    if current.kind == "hangup":
        end(world, call, "completed")
        return
    if current.kind == "conference" and rooms.join(world, call, current.name, current.settings, following):
        return
    if current.kind == "queue" and _enqueue(world, call, current.name):
        return
    if current.kind == "record":
        recordings.start(world, call["account"], call["sid"], "RecordVerb", {"seconds": current.seconds})
    timeline.schedule(world, current.seconds * SECOND, "step", call["sid"], following)


def _enqueue(world: World, call: Row, name: str) -> bool:
    """Wait in a queue, which is made if there is none; False if it is full or its name is not allowed."""
    if not 1 <= len(name) <= queues.NAME_LENGTH:
        return False
    queue = queues.by_name(world, call["account"], name)
    if queue is None:
        sid = queues.insert(world, call["account"], name, world.switches.default_max_size)
    elif queue["current_size"] >= queue["max_size"]:
        return False
    else:
        sid = queue["sid"]
    world.store.run("UPDATE queues SET current_size = current_size + 1 WHERE sid = ?", sid)
    world.store.update("calls", call["sid"], queue_sid=sid, enqueued=world.now)
    return True


def _call(world: World, event: Row) -> Row:
    return _known(world.store.one("SELECT * FROM calls WHERE sid = ?", event["sid"]), event)


def _move(world: World, event: Row, **columns: object) -> Row:
    """The call, changed."""
    return _known(world.store.changed("calls", event["sid"], **columns, updated=world.now), event)


def _known(call: Row | None, event: Row) -> Row:
    if call is None:
        raise LookupError(f"event {event['kind']} of an unknown call {event['sid']}")
    return call


def _dump(outcome: Outcome) -> str:
    return packed([outcome.result, outcome.ring, outcome.talk, outcome.answered_by])


def _outcome(call: Row) -> Outcome:
    return Outcome(*unpacked(call["outcome"]))
