"""Calls on the wire."""

from __future__ import annotations

from voiceform.emulator.calls.numbers import formatted
from voiceform.emulator.profiles import Resource
from voiceform.emulator.store import Row
from voiceform.emulator.world import World

_SUBRESOURCES = {
    "notifications": "Notifications",
    "recordings": "Recordings",
    "payments": "Payments",
    "events": "Events",
    "siprec": "Siprec",
    "streams": "Streams",
    "transcriptions": "Transcriptions",
    "user_defined_message_subscriptions": "UserDefinedMessageSubscriptions",
    "user_defined_messages": "UserDefinedMessages",
}


def render(world: World, account: str, call: Row) -> Resource:
    """The JSON object of a call; numbers of seconds and money are texts, as in the API."""
    sid = call["sid"]
    date = world.profile.date
    base = f"/2010-04-01/Accounts/{account}/Calls/{sid}"
    start, end, duration = call["start_time"], call["end_time"], call["duration"]
    return world.profile.resource(
        "calls",
        {
            "sid": sid,
            "date_created": date(call["created"]),
            "date_updated": date(call["updated"]),
            "parent_call_sid": call["parent_call_sid"],
            "account_sid": account,
            "to": call["to_number"],
            "to_formatted": formatted(call["to_number"]),
            "from": call["from_number"],
            "from_formatted": formatted(call["from_number"]),
            "phone_number_sid": None,
            "status": call["status"],
            "start_time": None if start is None else date(start),
            "end_time": None if end is None else date(end),
            "duration": None if duration is None else str(duration),
            "price": call["price"],
            "price_unit": "USD",
            "direction": call["direction"],
            "answered_by": call["answered_by"],
            "annotation": None,
            "api_version": "2010-04-01",
            "forwarded_from": call["forwarded_from"],
            "group_sid": None,
            "caller_name": call["caller_name"],
            "queue_time": str(call["queue_time"]),
            "trunk_sid": "",
            "uri": f"{base}.json",
            "subresource_uris": {name: f"{base}/{path}.json" for name, path in _SUBRESOURCES.items()},
        },
    )
