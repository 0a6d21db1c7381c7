"""Participants on the wire."""

from __future__ import annotations

from voiceform.emulator.profiles import Fields, Resource
from voiceform.emulator.store import Columns
from voiceform.emulator.world import World


class Participant(Resource, gc=False):
    """The JSON object of a participant; only the answer to its creation has a queue time (milliseconds)."""

    account_sid: str
    call_sid: str
    label: str | None
    call_sid_to_coach: str | None
    coaching: bool
    conference_sid: str
    date_created: str
    date_updated: str
    end_conference_on_exit: bool
    muted: bool
    hold: bool
    status: str
    start_conference_on_enter: bool
    queue_time: str | None
    uri: str


def render(
    world: World, account: str, participant: Columns, queue_time: int | None = None
) -> Resource | Fields:
    """A participant."""
    _, _, _, created, updated, room, call, label, status, *more = participant
    muted, hold, coaching, coached, enters, ends = more
    date = world.profile.date
    return world.profile.resource(
        "participants",
        Participant(
            account_sid=account,
            call_sid=call,
            label=label,
            call_sid_to_coach=coached,
            coaching=bool(coaching),
            conference_sid=room,
            date_created=date(created),
            date_updated=date(updated),
            end_conference_on_exit=bool(ends),
            muted=bool(muted),
            hold=bool(hold),
            status=status,
            start_conference_on_enter=bool(enters),
            queue_time=None if queue_time is None else str(queue_time),
            uri=f"/2010-04-01/Accounts/{account}/Conferences/{room}/Participants/{call}.json",
        ),
    )
