"""How far back the API reaches: call records can be listed and deleted for 13 months, and then no more."""

from __future__ import annotations

from datetime import datetime, timedelta

from voiceform.kinds.retention.policy import FOREVER
from voiceform.model.durations import parse_duration
from voiceform.model.instants import instant_from_text
from voiceform.model.resource import Attributes

_REACH = timedelta(days=365)
"""A rule that waits longer has a month at most, or no time at all."""

BEYOND_REACH = (
    "call records older than 13 months can be neither listed nor deleted through this API; this rule leaves a"
    " month at most to delete them in"
)
BEYOND_REACH_HINT = (
    "keep them for less than 365d; what is older can only be deleted through Twilio's archives"
    " (voice.twilio.com/v1/Archives)"
)


def keeps_beyond_reach(attributes: Attributes) -> bool:
    """Whether a rule keeps call records until the API is about to lose sight of them."""
    keep = attributes.get("keep", FOREVER)
    return keep != FOREVER and parse_duration(keep) >= _REACH


def waits_beyond_reach(attributes: Attributes, now: datetime) -> bool:
    """The same, for a rule that waits for a date: what is there now will be out of sight by then."""
    until = attributes.get("until")
    return keeps_beyond_reach(attributes) or (until is not None and instant_from_text(until) - now >= _REACH)
