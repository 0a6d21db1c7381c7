"""The two ways the API is spoken.

``twilio`` is the real service: RFC 2822 dates, nulls, all fields and all words. ``openapi`` keeps to the
published OpenAPI description: RFC 3339 dates, only the fields and words it names, and absent fields instead
of nulls.
"""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Protocol

import msgspec

from voiceform.emulator.settings import ProfileName

Fields = dict[str, object]


class Resource(msgspec.Struct, gc=False):
    """An object of the API: its fields as the real service shows them, in that order."""


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Profile(Protocol):
    """How dates are written and what a resource or list envelope may contain."""

    name: ProfileName

    def date(self, instant: int) -> str:
        """An instant as text."""

    def resource(self, kind: str, resource: Resource) -> Resource | Fields:
        """A resource as this profile shows it; ``kind`` is the plural key."""

    def envelope(self, kind: str, fields: Fields) -> Fields:
        """The envelope of a list; the rows are rendered already."""


@lru_cache(maxsize=4096)
def _day(number: int) -> str:
    """A day since 1970; a page has the dates of few days, and each was a fifth of what the page cost."""
    t = time.gmtime(number * 86_400)
    return f"{_DAYS[t.tm_wday]}, {t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year}"


@lru_cache(maxsize=4096)
def _second(number: int) -> str:
    """A second since 1970; what was made together has its dates together, and each is shown in many pages."""
    day, second = divmod(number, 86_400)
    return f"{_day(day)} {second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d} +0000"


class TwilioProfile:
    """The real service."""

    name: ProfileName = "twilio"

    def date(self, instant: int) -> str:
        """RFC 2822 in UTC: ``Tue, 31 Aug 2010 20:36:28 +0000``."""
        return _second(instant // 1_000_000)

    def resource(self, kind: str, resource: Resource) -> Resource:
        """Everything."""
        del kind
        return resource

    def envelope(self, kind: str, fields: Fields) -> Fields:
        """Everything; neighbours that do not exist are null."""
        del kind
        return fields


_PAGED = ("first_page_uri", "next_page_uri", "page", "page_size")
_STAMPS = ("account_sid", "date_created", "date_updated", "uri")
_ENVELOPES: dict[str, frozenset[str]] = {
    "calls": frozenset((*_PAGED, "calls", "previous_page_uri", "uri")),
    "recordings": frozenset((*_PAGED, "recordings", "uri")),
    "conferences": frozenset((*_PAGED, "conferences")),
    "participants": frozenset((*_PAGED, "participants")),
    "queues": frozenset((*_PAGED, "queues")),
    # Not in the description that the profile is named for; as the service documents them.
    "queue_members": frozenset((*_PAGED, "queue_members")),
}
_FIELDS: dict[str, frozenset[str]] = {
    "calls": frozenset(
        (*_STAMPS, "sid", "parent_call_sid", "to", "to_formatted", "from", "from_formatted",
         "phone_number_sid", "status", "direction", "price", "price_unit", "duration", "start_time",
         "end_time", "answered_by", "caller_name", "forwarded_from", "group_sid", "api_version",
         "subresource_uris")
    ),
    "recordings": frozenset(
        (*_STAMPS, "sid", "call_sid", "conference_sid", "channels", "status", "duration", "price",
         "price_unit", "source")
    ),
    "conferences": frozenset(
        (*_STAMPS, "sid", "friendly_name", "status", "region", "reason_conference_ended",
         "call_sid_ending_conference", "subresource_uris")
    ),
    # The label is not in the description, but without it a client could not recognise its own participant and
    # would phone somebody twice.
    "participants": frozenset(
        (*_STAMPS, "call_sid", "conference_sid", "muted", "hold", "coaching",
         "status",          "start_conference_on_enter", "end_conference_on_exit", "label")
    ),
    "queues": frozenset((*_STAMPS, "sid", "friendly_name", "current_size", "max_size", "average_wait_time")),
    "queue_members": frozenset(("queue_sid", "call_sid", "date_enqueued", "position", "uri", "wait_time")),
}  # fmt: skip
#: Words of the real service that the description does not know, and what it would say; None leaves the field
#: out.
_WORDS: dict[tuple[str, str], dict[object, str | None]] = {
    ("recordings", "status"): {
        "in-progress": "processing",
        "paused": "processing",
        "stopped": "processing",
        "deleted": "absent",
        "failed": "absent",
    },
    ("calls", "answered_by"): {
        "machine_start": "machine",
        "machine_end_beep": "machine",
        "machine_end_silence": "machine",
        "machine_end_other": "machine",
        "fax": None,
        "unknown": None,
    },
    ("calls", "direction"): {"trunking-terminating": "inbound", "trunking-originating": "outbound-dial"},
}
_SUBRESOURCES = {"calls": ("recordings", "notifications"), "conferences": ("participants", "recordings")}


class OpenApiProfile:
    """The published description, to the letter."""

    name: ProfileName = "openapi"

    def date(self, instant: int) -> str:
        """RFC 3339 in UTC: ``2010-08-31T20:36:28Z``."""
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(instant // 1_000_000))

    def resource(self, kind: str, resource: Resource) -> Fields:
        """Only fields and words that the description names, and no nulls."""
        allowed = _FIELDS[kind]
        fields: Fields = msgspec.to_builtins(resource)
        shown = {name: value for name, value in fields.items() if name in allowed and value is not None}
        for (of_kind, name), words in _WORDS.items():
            if of_kind == kind and shown.get(name) in words:
                word = words[shown[name]]
                if word is None:
                    del shown[name]
                else:
                    shown[name] = word
        links = shown.get("subresource_uris")
        if isinstance(links, dict):
            shown["subresource_uris"] = {name: links[name] for name in _SUBRESOURCES[kind]}
        return shown

    def envelope(self, kind: str, fields: Fields) -> Fields:
        """Only what the description names for this list; absent neighbours are left out."""
        allowed = _ENVELOPES[kind]
        return {name: value for name, value in fields.items() if name in allowed and value is not None}


def profile(name: ProfileName) -> Profile:
    """The profile of this name."""
    return OpenApiProfile() if name == "openapi" else TwilioProfile()
