"""Whether whoever places the calls of a schedule has the password that its login needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.outgoing.parameters import for_one
from voiceform.twilio.parameters import encode
from voiceform.twilio.secrets import MissingSecretError

if TYPE_CHECKING:
    from voiceform.twilio.client import Client


def missing_login(spec: CallSpec, client: Client) -> str | None:
    """Why nobody with a `sip:` address can be called from here, to be told before one is due; None where
    they can be, or there is none."""
    if "sip_auth_password" not in spec.parameters:
        return None
    sip = next((to for to in spec.to if to.startswith(("sip:", "sips:"))), None)
    if sip is None:
        return None
    try:
        client.transport.secrets.require(encode(for_one(spec.parameters, sip)))
    except MissingSecretError as error:
        return error.what
    return None
