"""Carry out one planned change of a queue, and settle those that a dead run began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from voiceform.kinds.base import Done, Session
from voiceform.kinds.queue.live import LiveQueues, fetch_queue, live_queue, read_queues
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change
from voiceform.model.resource import Attributes, Live, Recorded
from voiceform.model.run import Status
from voiceform.twilio.errors import AmbiguousError, NameTakenError, StoppedError

_CREATE_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.5


def act(change: Change, session: Session) -> Done:
    """Create, update or delete as planned. API errors propagate; the applier turns them into outcomes."""
    if change.action is Action.CREATE:
        return _create(change, session)
    found = _read_again(change, session)
    if isinstance(found, Done):
        return found
    return _delete(found, session) if change.action is Action.DELETE else _update(change, found, session)


def settle(changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
    """Read all queues once and see which of `changes` happened: the name is unique, the SID is exact.

    What a list misses is asked for by its SID.
    """
    live = read_queues(session.client, (change.sid for change in changes))
    settled = ((change.address, _settle(change, live)) for change in changes)
    return {address: done for address, done in settled if done is not None}


def _settle(change: Change, live: LiveQueues) -> Done | None:
    if change.action is Action.DELETE:
        return None if change.sid in live.by_sid else Done(Status.APPLIED, sid=change.sid)
    if change.after is None:
        return None
    wanted = change.after
    found: Live | None
    if change.action is Action.CREATE:
        found = live.by_name.get(wanted["friendly_name"])
    else:
        found = live.by_sid.get(change.sid or "")
    return _applied(change, found) if found is not None and found.attributes == wanted else None


def _create(change: Change, session: Session) -> Done:
    """Create; after an answer that was lost, create again: the name is unique, so it cannot become two.

    When the API says that the name exists, reading again decides: the very queue that was planned is taken
    as ours, any other is somebody else's and makes the plan stale.
    """
    after = change.after or {}
    lost: AmbiguousError | None = None
    for attempt in range(_CREATE_ATTEMPTS):
        try:
            queue = session.client.create_queue(
                friendly_name=after["friendly_name"], max_size=after["max_size"]
            )
        except AmbiguousError as error:
            lost = error
            if attempt == _CREATE_ATTEMPTS - 1 or not session.may_go_on():
                raise
            session.clock.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
        except StoppedError:
            if lost is not None:
                raise lost from None  # it may have happened before we were stopped
            raise
        except NameTakenError:
            return _settle_name(change, after, session)
        else:
            return _as_asked(change, live_queue(queue))
    raise AssertionError("the last attempt returns or raises")


def _settle_name(change: Change, after: Attributes, session: Session) -> Done:
    found = read_queues(session.client).by_name.get(after["friendly_name"])
    if found is not None and found.attributes == after:
        return _applied(change, found)
    if found is None:
        return Done(
            Status.FAILED,
            message=f"the API says that {after['friendly_name']!r} exists, but does not list it",
            hint="plan again in a minute: lists lag behind; names may also differ only in case or in blanks,"
            " then the Twilio console shows it",
        )
    return Done(
        Status.STALE,
        sid=found.sid,
        message=f"a queue named {after['friendly_name']!r} ({found.sid}) appeared after the plan was made",
        hint="plan again: it will be adopted",
    )


def _read_again(change: Change, session: Session) -> Live | Done:
    """The object as it is now, or how the change ends because it is not as planned."""
    found = fetch_queue(session.client, change.sid) if change.sid is not None else None
    if found is None and change.action is Action.DELETE:
        return Done(Status.APPLIED, sid=change.sid, message="was gone already")
    if found is None:
        return Done(
            Status.STALE,
            sid=change.sid,
            message=f"the queue {change.sid} was deleted after the plan was made",
            hint="plan again",
        )
    if change.action is Action.DELETE and not change.operations:
        return Done(
            Status.STALE,
            sid=change.sid,
            message=f"the queue {change.sid} is there, although it was gone when the plan was made",
            hint="nothing was forgotten; plan again",
        )
    if found.fingerprint == change.fingerprint:
        return found
    moved = [
        f"{key} was {(change.before or {}).get(key)!r} and is {value!r}"
        for key, value in found.attributes.items()
        if (change.before or {}).get(key) != value
    ]
    return Done(
        Status.STALE,
        sid=change.sid,
        message=f"changed after the plan was made: {', '.join(moved) or 'it is another object'}",
        hint="plan again",
    )


def _update(change: Change, found: Live, session: Session) -> Done:
    after = change.after or {}
    if change.operations:
        moved = {key: value for key, value in after.items() if found.attributes[key] != value}
        found = live_queue(session.client.update_queue(found.sid, **moved))
    return _as_asked(change, found)


def _delete(found: Live, session: Session) -> Done:
    waiting = found.observations.get("current_size") or 0
    if waiting:
        return Done(
            Status.REFUSED,
            sid=found.sid,
            message=f"{waiting} waiting: the API refuses to delete a queue that is not empty",
            hint="let the queue drain, then plan and apply again",
        )
    session.client.delete_queue(found.sid)
    return Done(Status.APPLIED, sid=found.sid)


def _as_asked(change: Change, found: Live) -> Done:
    """How a write ends that the API answered with `found`: failed where that is not what was asked for.

    Then too what is there is recorded, lest the next plan take it for a change of somebody else.
    """
    asked = change.after or {}
    done = _applied(change, found)
    if found.attributes == asked:
        return done
    differing = ", ".join(
        f"{key} {found.attributes[key]!r} instead of {value!r}"
        for key, value in asked.items()
        if found.attributes[key] != value
    )
    return replace(
        done,
        status=Status.FAILED,
        message=f"the API accepted it and answered with {differing}",
        hint="that is recorded; plan again to see what is still to do",
    )


def _applied(change: Change, found: Live) -> Done:
    protect = bool(change.protect_after)
    recorded = Recorded(change.address, found.sid, found.attributes, protect, change.depends_on)
    return Done(Status.APPLIED, recorded, sid=found.sid)
