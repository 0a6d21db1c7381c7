"""Calls on the wire."""

from __future__ import annotations

from voiceform.emulator.calls.numbers import formatted
from voiceform.emulator.profiles import Fields, Resource
from voiceform.emulator.store import Columns
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


class Call(Resource, rename={"from_": "from"}, gc=False):
    """The JSON object of a call; numbers of seconds and money are texts, as in the API."""

    sid: str
    date_created: str
    date_updated: str
    parent_call_sid: str | None
    account_sid: str
    to: str
    to_formatted: str
    from_: str
    from_formatted: str
    phone_number_sid: None
    status: str
    start_time: str | None
    end_time: str | None
    duration: str | None
    price: str | None
    price_unit: str
    direction: str
    answered_by: str | None
    annotation: None
    api_version: str
    forwarded_from: str | None
    group_sid: None
    caller_name: str | None
    queue_time: str
    trunk_sid: str
    uri: str
    subresource_uris: dict[str, str]


def render(world: World, account: str, call: Columns) -> Resource | Fields:
    """A call."""
    _, sid, _, created, updated, to, caller, status, direction, parent, *more = call
    start, _, end, duration, price, answered_by, caller_name, forwarded_from, queue_time, *_ = more
    date = world.profile.date
    base = f"/2010-04-01/Accounts/{account}/Calls/{sid}"
    return world.profile.resource(
        "calls",
        Call(
            sid=sid,
            date_created=date(created),
            date_updated=date(updated),
            parent_call_sid=parent,
            account_sid=account,
            to=to,
            to_formatted=formatted(to),
            from_=caller,
            from_formatted=formatted(caller),
            phone_number_sid=None,
            status=status,
            start_time=None if start is None else date(start),
            end_time=None if end is None else date(end),
            duration=None if duration is None else str(duration),
            price=price,
            price_unit="USD",
            direction=direction,
            answered_by=answered_by,
            annotation=None,
            api_version="2010-04-01",
            forwarded_from=forwarded_from,
            group_sid=None,
            caller_name=caller_name,
            queue_time=str(queue_time),
            trunk_sid="",
            uri=f"{base}.json",
            subresource_uris={name: f"{base}/{path}.json" for name, path in _SUBRESOURCES.items()},
        ),
    )
