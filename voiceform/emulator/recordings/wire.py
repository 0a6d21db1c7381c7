"""Recordings on the wire."""

from __future__ import annotations

from voiceform.emulator.profiles import Resource
from voiceform.emulator.store import Row, unpacked
from voiceform.emulator.world import World


def render(world: World, account: str, recording: Row) -> Resource:
    """The JSON object of a recording. Duration and price are null while it runs."""
    # In the order of the table: by its name a column costs three times what it does by its place.
    _, sid, _, created, updated, call_sid, conference_sid, status, source, *more = recording
    channels, track, duration, price, start, _, options = more
    date = world.profile.date
    base = f"/2010-04-01/Accounts/{account}/Recordings/{sid}"
    made = date(created)
    return world.profile.resource(
        "recordings",
        {
            "account_sid": account,
            "api_version": "2010-04-01",
            "call_sid": call_sid,
            "conference_sid": conference_sid,
            "channels": channels,
            "date_created": made,
            "date_updated": made if updated == created else date(updated),
            "start_time": None if start is None else date(start),
            "duration": None if duration is None else str(duration),
            "sid": sid,
            "price": price,
            "price_unit": "USD",
            "status": status,
            "source": source,
            "track": track,
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
