"""Recordings on the wire."""

from __future__ import annotations

from voiceform.emulator.profiles import Resource
from voiceform.emulator.store import Row, unpacked
from voiceform.emulator.world import World


def render(world: World, account: str, recording: Row) -> Resource:
    """The JSON object of a recording. Duration and price are null while it runs."""
    sid = recording["sid"]
    date = world.profile.date
    base = f"/2010-04-01/Accounts/{account}/Recordings/{sid}"
    start, duration, options = recording["start_time"], recording["duration"], recording["options"]
    return world.profile.resource(
        "recordings",
        {
            "account_sid": account,
            "api_version": "2010-04-01",
            "call_sid": recording["call_sid"],
            "conference_sid": recording["conference_sid"],
            "channels": recording["channels"],
            "date_created": date(recording["created"]),
            "date_updated": date(recording["updated"]),
            "start_time": None if start is None else date(start),
            "duration": None if duration is None else str(duration),
            "sid": sid,
            "price": recording["price"],
            "price_unit": "USD",
            "status": recording["status"],
            "source": recording["source"],
            "track": recording["track"],
            "error_code": None,
            "encryption_details": unpacked(options).get("encryption") if options != "{}" else None,
            "media_url": f"{world.origin}{base}",
            "uri": f"{base}.json",
            "subresource_uris": {
                "add_on_results": f"{base}/AddOnResults.json",
                "transcriptions": f"{base}/Transcriptions.json",
            },
        },
    )
