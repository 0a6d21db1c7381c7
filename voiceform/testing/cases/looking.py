"""What there is in an emulated account and in the state of a stack, as expectations name it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from voiceform.testing.cases.comparing import Thing

if TYPE_CHECKING:
    from voiceform.stack.stack import Stack
    from voiceform.twilio.client import Client

_PLACED = frozenset({"createCall", "createParticipant"})
_CONTENT = ("Twiml", "Url", "ApplicationSid")


def calls(requests: Iterable[Mapping[str, Any]], rooms: Mapping[str, str]) -> list[Thing]:
    """Whoever was phoned by these requests, in their order. `rooms` are names by SID."""
    placed = (entry for entry in requests if entry["operation"] in _PLACED and _accepted(entry["status"]))
    return [_call(entry, rooms) for entry in placed]


def _accepted(status: int | None) -> bool:
    return status is not None and 200 <= status < 300


def _call(entry: Mapping[str, Any], rooms: Mapping[str, str]) -> Thing:
    params = entry["params"]
    content = next((str(params[name]) for name in _CONTENT if name in params), None)
    room = None
    if entry["operation"] == "createParticipant":
        named = entry["path"].split("/Conferences/")[1].split("/")[0]
        room = rooms.get(named, named)
    return {
        "to": params.get("To"),
        "from": params.get("From"),
        "at": datetime.fromisoformat(entry["at"]).replace(microsecond=0),
        "hears": _heard(content),
        "conference": room,
    }


def _heard(content: str | None) -> str | None:
    """What is said, or the document itself where it is none of ours or says nothing."""
    if content is None or not content.lstrip().startswith("<") or "<!" in content:
        return content
    try:
        root = ElementTree.fromstring(content)  # noqa: S314 - document types and entities are left alone above
    except ElementTree.ParseError:
        return content
    return " ".join(" ".join(root.itertext()).split()) or content


def queues(client: Client) -> dict[str, Thing]:
    """The queues by SID."""
    names = ("sid", "friendly_name", "max_size", "current_size")
    return {found.sid: _fields(found, names) for found in client.list_queues()}


def recordings(client: Client) -> dict[str, Thing]:
    """The recordings by SID."""
    names = ("sid", "call_sid", "conference_sid", "status", "source", "channels", "duration", "date_created")
    return {found.sid: _fields(found, names) for found in client.list_recordings()}


def call_records(client: Client) -> dict[str, Thing]:
    """The call records by SID."""
    names = ("sid", "to", "status", "direction", "date_created")
    return {found.sid: {**_fields(found, names), "from": found.from_} for found in client.list_calls()}


def conferences(client: Client) -> dict[str, Thing]:
    """The conferences by SID, also those that are over."""
    names = ("sid", "friendly_name", "status")
    return {found.sid: _fields(found, names) for found in client.list_conferences()}


DELETED = {"queues": queues, "recordings": recordings, "call_records": call_records}
"""What can be deleted."""


def _fields(found: object, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(found, name) for name in names}


def live_rooms(client: Client) -> list[Thing]:
    """The conferences that are not over, with who is in them."""
    names = ("call_sid", "label", "status", "muted", "hold", "coaching")
    more = ("start_conference_on_enter", "end_conference_on_exit")
    return [
        {**room, "participants": [_fields(one, (*names, *more)) for one in client.list_participants(sid)]}
        for sid, room in conferences(client).items()
        if room["status"] != "completed"
    ]


def ledger(stack: Stack, status: str) -> list[Thing]:
    """The calls of schedules of which that is said."""
    return [
        {
            "address": call.address,
            "to": call.key.to,
            "occurrence": call.key.occurrence,
            "attempt": call.key.attempt,
            "answered_by": call.entry.answered_by if call.entry is not None else None,
            "reason": call.entry.reason if call.entry is not None else call.obstacle or call.pause,
        }
        for call in stack.calls().calls
        if call.status == status
    ]


def room_names(client: Client) -> dict[str, str]:
    """The names of conferences by SID."""
    return {sid: str(room["friendly_name"]) for sid, room in conferences(client).items()}
