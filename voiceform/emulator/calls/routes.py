"""The five operations on calls."""

from __future__ import annotations

from voiceform.emulator.calls import rules
from voiceform.emulator.calls.wire import render
from voiceform.emulator.errors import not_found
from voiceform.emulator.filters import Filter
from voiceform.emulator.messages import Request, Response, json_response, no_content
from voiceform.emulator.paging import Listing, list_page
from voiceform.emulator.store import Row
from voiceform.emulator.world import World

STATUSES = ("queued", "ringing", "in-progress", "canceled", "completed", "failed", "busy", "no-answer")


def list_calls(world: World, request: Request) -> Response:
    """Calls by To, From, ParentCallSid, Status, StartTime and EndTime; there is no filter on the creation
    date.
    """
    chosen = Filter()
    chosen.number(request.query, "To", "to_number")
    chosen.number(request.query, "From", "from_number")
    chosen.equal(request.query, "ParentCallSid", "parent_call_sid")
    chosen.choice(request.query, "Status", "status", STATUSES)
    chosen.date(request.query, "StartTime", "start_time")
    chosen.date(request.query, "EndTime", "end_time")
    listing = Listing("calls", "CA", world.switches.calls_ordered_by)
    return list_page(world, request, listing, chosen, render)


def create_call(world: World, request: Request) -> Response:
    """201 with a queued call: it is accepted, not yet dialled."""
    call = rules.create(world, request.account, request.form)
    return json_response(201, render(world, request.account, call))


def fetch_call(world: World, request: Request) -> Response:
    """One call."""
    return json_response(200, render(world, request.account, find(world, request, request.ids[0])))


def update_call(world: World, request: Request) -> Response:
    """End or redirect a call."""
    call = find(world, request, request.ids[0])
    rules.update(world, call, request.form)
    return json_response(200, render(world, request.account, find(world, request, call["sid"])))


def delete_call(world: World, request: Request) -> Response:
    """204 when the call was over."""
    rules.delete(world, find(world, request, request.ids[0]))
    return no_content()


def find(world: World, request: Request, sid: str) -> Row:
    """The call of this SID, if the account may see it; 404 otherwise."""
    call = world.store.visible("calls", request.account, sid)
    if call is None:
        raise not_found(request.path)
    return call
