"""Whether whoever places the calls of a schedule has the password that its login needs."""

from __future__ import annotations

from voiceform.kinds.call.spec import CallSpec
from voiceform.kinds.outgoing.parameters import for_one
from voiceform.twilio.errors import MissingSecretError
from voiceform.twilio.parameters import encode
from voiceform.twilio.secrets import Secrets


def missing_login(spec: CallSpec, secrets: Secrets) -> str | None:
    """Why nobody with a `sip:` address can be called from here, to be told before one is due; None where
    they can be, or there is none."""
    if "sip_auth_password" not in spec.parameters:
        return None
    sip = next((to for to in spec.to if to.startswith(("sip:", "sips:"))), None)
    return None if sip is None else missing_for(spec, sip, secrets)


def missing_for(spec: CallSpec, to: str, secrets: Secrets) -> str | None:
    """Why `to` cannot be called from here; None where the login is there, or none is needed."""
    try:
        secrets.require(encode(for_one(spec.parameters, to)))
    except MissingSecretError as error:
        return error.what
    return None
