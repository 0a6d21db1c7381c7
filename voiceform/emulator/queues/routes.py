"""The five operations on queues."""

from __future__ import annotations

from voiceform.emulator.errors import not_found
from voiceform.emulator.filters import Filter
from voiceform.emulator.messages import Request, Response, json_response, no_content
from voiceform.emulator.paging import Listing, list_page
from voiceform.emulator.queues import rules
from voiceform.emulator.queues.wire import render
from voiceform.emulator.store import Row
from voiceform.emulator.world import World


def list_queues(world: World, request: Request) -> Response:
    """All queues; the API has no filter here."""
    listing = Listing("queues", "QU", world.switches.queues_ordered_by)
    return list_page(world, request, listing, Filter(), lambda row: render(world, request.account, row))


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


def _find(world: World, request: Request, sid: str) -> Row:
    queue = world.store.visible("queues", request.account, sid)
    if queue is None:
        raise not_found(request.path)
    return queue
