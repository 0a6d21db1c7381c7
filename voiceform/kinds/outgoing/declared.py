"""What is declared of how a call is placed -> plain JSON attributes, and back.

Only what is declared is kept. Of the password of `sip_auth` attributes have the name of the variable that
holds it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from voiceform.model.document import Block
from voiceform.model.numbers import normal_number
from voiceform.model.unshown import Reference, Sourced
from voiceform.twilio.secrets import variable_in

VARIABLE = "password_variable"
"""What attributes have in place of the password."""
SCALARS = (
    "timeout",
    "time_limit",
    "send_digits",
    "caller_id",
    "caller_display_name",
    "call_reason",
    "byoc",
    "client_notification_url",
)
TUNING = ("timeout", "speech_threshold", "speech_end_threshold", "silence_timeout")
RECORDING: Mapping[str, str] = {
    "channels": "recording_channels",
    "track": "recording_track",
    "trim": "trim",
    "configuration": "recording_configuration_id",
}
"""How `recording` says what the API has under another name."""
_FIRST_EVENT = ("completed",)
_METHOD = "POST"


def declared(block: Block) -> dict[str, Any]:
    """The attributes of a schema-valid block, but for `record` and `from`: what is not declared is not in
    it."""
    found: dict[str, Any] = {key: block[key] for key in SCALARS if block.get(key) is not None}
    made: Mapping[str, Callable[[Any], Any]] = {
        "recording": _recording,
        "machine_detection": _detection,
        "fallback": _asked,
        "status_callback": _told,
        "sip_auth": _login,
    }
    found.update({key: make(block[key]) for key, make in made.items() if block.get(key) is not None})
    if "caller_id" in found:
        found["caller_id"] = _normal(found["caller_id"])
    return found


def records(block: Block) -> bool:
    """Whether a block says that what it places is recorded."""
    return bool(block.get("record", block.get("recording") is not None))


def _recording(block: Block) -> dict[str, Any]:
    callback = block.get("callback")
    kept = {key: block[key] for key in RECORDING if block.get(key) is not None}
    return {**kept, "callback": _told(callback)} if callback is not None else kept


def _detection(value: str | Block) -> str | dict[str, Any]:
    if isinstance(value, str):
        return value
    kept = {key: value[key] for key in ("mode", *TUNING) if value.get(key) is not None}
    if value.get("async"):
        kept["async"] = True
    if value.get("callback") is not None:
        kept["callback"] = _asked(value["callback"])
    return kept["mode"] if len(kept) == 1 else kept


def _asked(block: Block) -> dict[str, Any]:
    return {"url": block["url"], "method": block.get("method", _METHOD)}


def _told(block: Block) -> dict[str, Any]:
    return {
        "url": block["url"],
        "events": list(block.get("events", _FIRST_EVENT)),
        "method": block.get("method", _METHOD),
    }


def _login(block: Block) -> dict[str, Any]:
    return {"username": block["username"], VARIABLE: variable_of(block["password"]) or ""}


def variable_of(text: str) -> str | None:
    """The variable that a text of the configuration was, and nothing but; None for any other."""
    return variable_in(text.template) if isinstance(text, Sourced) else None


def _normal(text: str) -> str:
    try:
        return normal_number(text)
    except ValueError:
        return text  # the user of a SIP address, or reported


def as_declared(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What `declared` made of a block, as a block again."""
    login = attributes.get("sip_auth")
    if not login:
        return dict(attributes)
    block = {"username": login["username"], "password": Reference.to(login[VARIABLE])}
    return {**attributes, "sip_auth": block}
