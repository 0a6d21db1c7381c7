"""Recordings on the wire."""

from __future__ import annotations

from voiceform.emulator.profiles import Fields, Resource
from voiceform.emulator.store import Columns, unpacked
from voiceform.emulator.world import World


class Links(Resource, gc=False):
    """Where the results of add-ons and transcriptions would be."""

    add_on_results: str
    transcriptions: str


class Recording(Resource, gc=False):
    """The JSON object of a recording. Duration and price are null while it runs."""

    account_sid: str
    api_version: str
    call_sid: str
    conference_sid: str | None
    channels: int
    date_created: str
    date_updated: str
    start_time: str | None
    duration: str | None
    sid: str
    price: str | None
    price_unit: str
    status: str
    source: str
    track: str | None
    error_code: None
    encryption_details: object
    media_url: str
    uri: str
    subresource_uris: Links


def render(world: World, account: str, recording: Columns) -> Resource | Fields:
    """A recording."""
    _, sid, _, created, updated, call_sid, conference_sid, status, source, *more = recording
    channels, track, duration, price, start, _, options = more
    date = world.profile.date
    base = f"/2010-04-01/Accounts/{account}/Recordings/{sid}"
    made = date(created)
    return world.profile.resource(
        "recordings",
        Recording(
            account,
            "2010-04-01",
            call_sid,
            conference_sid,
            channels,
            made,
            made if updated == created else date(updated),
            None if start is None else date(start),
            None if duration is None else str(duration),
            sid,
            price,
            "USD",
            status,
            source,
            track,
            None,
            unpacked(options).get("encryption") if options != "{}" else None,
            f"{world.origin}{base}",
            f"{base}.json",
            Links(f"{base}/AddOnResults.json", f"{base}/Transcriptions.json"),
        ),
    )
