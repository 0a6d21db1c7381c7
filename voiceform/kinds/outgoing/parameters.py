"""How a call is placed: attributes as the keywords of createCall and createParticipant.

Only what is declared is sent, so that Twilio's defaults hold. The client reads the password of `sip_auth`
when it sends (twilio/secrets.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from voiceform.kinds.outgoing.declared import RECORDING, SCALARS, TUNING, VARIABLE
from voiceform.model.resource import Attributes
from voiceform.twilio.secrets import reference


def parameters(attributes: Attributes, detected: str) -> dict[str, Any]:
    """The keywords of createCall, or of createParticipant, that these attributes lead to. `detected` is what
    the keywords of the callback about machines begin with. `record` is not among them."""
    found = {key: attributes[key] for key in SCALARS if attributes.get(key) is not None}
    found.update(recording_parameters(attributes))
    found.update(_of_machines(attributes.get("machine_detection"), detected))
    found.update(fallback_parameters(attributes))
    callback = attributes.get("status_callback")
    if callback:
        found.update(_callback("status_callback", callback))
    login = attributes.get("sip_auth")
    if login:
        found["sip_auth_username"] = login["username"]
        found["sip_auth_password"] = reference(login[VARIABLE])
    return found


def recording_parameters(attributes: Attributes) -> dict[str, Any]:
    """How it is recorded; also the keywords of createCallRecording."""
    recording = attributes.get("recording") or {}
    found = {keyword: recording[key] for key, keyword in RECORDING.items() if key in recording}
    if "callback" in recording:
        found.update(_callback("recording_status_callback", recording["callback"]))
    return found


def fallback_parameters(attributes: Attributes) -> dict[str, Any]:
    """Where Twilio asks when the answer fails; also keywords of updateCall."""
    fallback = attributes.get("fallback")
    return {"fallback_url": fallback["url"], "fallback_method": fallback["method"]} if fallback else {}


def for_one(keywords: Mapping[str, Any], to: str) -> dict[str, Any]:
    """Of `keywords` those that are meant for this address: a login is told to nobody else."""
    wanted = {
        "sip_auth_username": ("sip:", "sips:"),
        "sip_auth_password": ("sip:", "sips:"),
        "client_notification_url": ("client:",),
        "byoc": ("+",),
    }
    return {key: value for key, value in keywords.items() if to.startswith(wanted.get(key, ""))}


def _of_machines(detection: str | Mapping[str, Any] | None, detected: str) -> dict[str, Any]:
    if not detection:
        return {}
    if isinstance(detection, str):
        return {"machine_detection": detection}
    found = {f"machine_detection_{key}": detection[key] for key in TUNING if key in detection}
    found["machine_detection"] = detection["mode"]
    if detection.get("async"):
        found["async_amd"] = True
    if "callback" in detection:
        found[f"{detected}_status_callback"] = detection["callback"]["url"]
        found[f"{detected}_status_callback_method"] = detection["callback"]["method"]
    return found


def _callback(keyword: str, callback: Mapping[str, Any]) -> dict[str, Any]:
    return {
        keyword: callback["url"],
        f"{keyword}_event": callback["events"],
        f"{keyword}_method": callback["method"],
    }
