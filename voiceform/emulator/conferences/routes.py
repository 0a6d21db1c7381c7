"""The three operations on conferences. None creates or deletes one."""

from __future__ import annotations

from voiceform.emulator.conferences import life
from voiceform.emulator.conferences.wire import render
from voiceform.emulator.errors import bad_request, method_not_allowed, not_found
from voiceform.emulator.filters import Filter
from voiceform.emulator.messages import Request, Response, json_response
from voiceform.emulator.paging import Listing, list_page
from voiceform.emulator.params import choice, url
from voiceform.emulator.sids import is_sid
from voiceform.emulator.store import Row
from voiceform.emulator.world import World

LISTING = Listing("conferences", "CF")


def list_conferences(world: World, request: Request) -> Response:
    """Conferences by Status, FriendlyName (exact), DateCreated and DateUpdated, newest first."""
    chosen = Filter()
    chosen.choice(request.query, "Status", "status", ("init", "in-progress", "completed"))
    chosen.equal(request.query, "FriendlyName", "friendly_name")
    chosen.date(request.query, "DateCreated", "created")
    chosen.date(request.query, "DateUpdated", "updated")
    return list_page(world, request, LISTING, chosen, render)


def fetch_conference(world: World, request: Request) -> Response:
    """One conference."""
    return json_response(200, render(world, request.account, find(world, request)))


def update_conference(world: World, request: Request) -> Response:
    """End a conference, or announce something in it."""
    room = find(world, request)
    status = choice(request.form, "Status", ("completed",))
    announcement = url(request.form, "AnnounceUrl", 20001)
    choice(request.form, "AnnounceMethod", ("GET", "POST"))
    if room["status"] == "completed":
        if (status or announcement) and world.switches.completed_conference_update == "refuse":
            raise bad_request(16022, "Conference does not exist or is completed")
    elif status:
        life.finish(world, room, "conference-ended-via-api", None)
    return json_response(200, render(world, request.account, find(world, request)))


def find(world: World, request: Request) -> Row:
    """The conference of the path, if the account may see it; 404 otherwise, and 405 for a name.

    Only a participant may be created under a name; whatever else is asked of one is "Method not allowed", as
    Twilio's staff reproduced it (https://github.com/twilio/twilio-php/issues/474).
    """
    if not is_sid(request.ids[0], "CF"):
        raise method_not_allowed()
    room = world.store.visible("conferences", request.account, request.ids[0])
    if room is None:
        raise not_found(request.path)
    return room
