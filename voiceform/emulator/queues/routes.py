"""The operations on queues and on who waits in them."""

from __future__ import annotations

from voiceform.emulator.errors import not_found
from voiceform.emulator.filters import Filter
from voiceform.emulator.messages import Request, Response, json_response, no_content
from voiceform.emulator.paging import Listing, list_page
from voiceform.emulator.queues import rules
from voiceform.emulator.queues.wire import render, render_member
from voiceform.emulator.store import Row
from voiceform.emulator.world import World


def list_queues(world: World, request: Request) -> Response:
    """All queues; the API has no filter here."""
    listing = Listing("queues", "QU", world.switches.queues_ordered_by)
    return list_page(world, request, listing, Filter(), render)


def create_queue(world: World, request: Request) -> Response:
    """201 with the new queue."""
    sid = rules.create(world, request.account, request.form)
    return json_response(201, render(world, request.account, _find(world, request, sid)))


def fetch_queue(world: World, request: Request) -> Response:
    """One queue."""
    return json_response(200, render(world, request.account, _find(world, request, request.ids[0])))


def update_queue(world: World, request: Request) -> Response:
    """Rename or resize; last write wins."""
    queue = _find(world, request, request.ids[0])
    rules.update(world, request.account, queue, request.form)
    return json_response(200, render(world, request.account, _find(world, request, queue["sid"])))


def delete_queue(world: World, request: Request) -> Response:
    """204 when the queue was empty."""
    rules.delete(world, _find(world, request, request.ids[0]))
    return no_content()


def list_members(world: World, request: Request) -> Response:
    """Who waits, the front of the queue first."""
    queue = _find(world, request, request.ids[0])
    chosen = Filter()
    chosen.add("queue_sid = ?", queue["sid"])
    listing = Listing(
        "queue_members", "CA", "enqueued", table="calls", oldest_first=True, columns=rules.MEMBER
    )
    return list_page(world, request, listing, chosen, render_member)


def fetch_member(world: World, request: Request) -> Response:
    """One who waits, by the SID of the call or as `Front`."""
    queue = _find(world, request, request.ids[0])
    call = rules.member(world, queue["sid"], request.ids[1])
    if call is None:
        raise not_found(request.path)
    return json_response(200, render_member(world, request.account, call))


def _find(world: World, request: Request, sid: str) -> Row:
    queue = world.store.visible("queues", request.account, sid)
    if queue is None:
        raise not_found(request.path)
    return queue
