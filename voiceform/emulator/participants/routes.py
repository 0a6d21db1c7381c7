"""The five operations on participants."""

from __future__ import annotations

from voiceform.emulator.conferences.life import PRESENT
from voiceform.emulator.conferences.routes import find as find_room
from voiceform.emulator.errors import not_found
from voiceform.emulator.filters import Filter
from voiceform.emulator.messages import Request, Response, json_response, no_content
from voiceform.emulator.paging import Listing, list_page
from voiceform.emulator.participants import rules
from voiceform.emulator.participants.wire import render
from voiceform.emulator.store import Row
from voiceform.emulator.world import World

LISTING = Listing("participants", "CP")


def list_participants(world: World, request: Request) -> Response:
    """Who is in the room or on the way to it, by Muted, Hold and Coaching; nobody when it is over."""
    room = find_room(world, request)
    chosen = Filter()
    chosen.add(f"conference_sid = ? AND {PRESENT}", room["sid"])
    for name, column in rules.COLUMNS.items():
        if name != "EndConferenceOnExit":
            chosen.flag(request.query, name, column)
    return list_page(world, request, LISTING, chosen, render)


def create_participant(world: World, request: Request) -> Response:
    """201 with a queued participant; the path may hold the room's name instead of its SID."""
    participant = rules.create(world, request.account, request.ids[0], request.form)
    call = world.store.one("SELECT queue_time FROM calls WHERE sid = ?", participant["call_sid"])
    wait = call["queue_time"] if call else 0
    return json_response(201, render(world, request.account, participant, wait))


def fetch_participant(world: World, request: Request) -> Response:
    """One participant by call SID or label."""
    return json_response(200, render(world, request.account, _find(world, request)))


def update_participant(world: World, request: Request) -> Response:
    """Mute, hold, coach."""
    participant = _find(world, request)
    rules.update(world, find_room(world, request), participant, request.form)
    return json_response(200, render(world, request.account, _find(world, request)))


def delete_participant(world: World, request: Request) -> Response:
    """Throw a participant out of the room."""
    rules.kick(world, _find(world, request))
    return no_content()


def _find(world: World, request: Request) -> Row:
    participant = rules.find(world, find_room(world, request), request.ids[1])
    if participant is None:
        raise not_found(request.path)
    return participant
