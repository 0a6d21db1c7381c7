"""Who we are to the API, and where it lives."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import SplitResult, urlsplit

from voiceform.model.errors import CredentialsError, UsageError

_ACCOUNT = re.compile(r"AC[0-9a-fA-F]{32}", re.ASCII)
_EDGES = {
    "us1": "ashburn",
    "us2": "umatilla",
    "ie1": "dublin",
    "de1": "frankfurt",
    "au1": "sydney",
    "jp1": "tokyo",
    "sg1": "singapore",
    "br1": "sao-paulo",
}
"""The edge of each region, as in Twilio's helper libraries."""

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and how to sign in to it: HTTP Basic with the auth token, or with an API key.

    `source` names the environment variables that the sign-in came from, for messages.
    """

    account_sid: str
    username: str
    password: str = field(repr=False)
    source: str = "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"

    def __post_init__(self) -> None:
        if not _ACCOUNT.fullmatch(self.account_sid):
            raise CredentialsError(
                "TWILIO_ACCOUNT_SID is not an account SID",
                hint="it is AC and 32 hexadecimal digits; find it on the first page of the Twilio console",
            )

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """Credentials from the variables of Twilio's own tools.

        TWILIO_ACCOUNT_SID always; then TWILIO_API_KEY with TWILIO_API_SECRET if both are set (they win, as in
        twilio-cli), else TWILIO_AUTH_TOKEN. Raises CredentialsError that names what is missing.
        """
        account, token, key, secret = (
            environ.get(name, "").strip()
            for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_API_KEY", "TWILIO_API_SECRET")
        )
        missing = [] if account else ["TWILIO_ACCOUNT_SID"]
        if not (key and secret) and not token:
            missing.append(_missing_secret(key, secret))
        if missing:
            raise CredentialsError(
                f"missing in the environment: {' and '.join(missing)}",
                hint="set TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN, or TWILIO_API_KEY with TWILIO_API_SECRET",
            )
        if key and secret:
            return cls(account, key, secret, "TWILIO_API_KEY and TWILIO_API_SECRET")
        return cls(account, account, token)


def _missing_secret(key: str, secret: str) -> str:
    if key:
        return "TWILIO_API_SECRET"
    if secret:
        return "TWILIO_API_KEY"
    return "TWILIO_AUTH_TOKEN (or TWILIO_API_KEY and TWILIO_API_SECRET)"


def base_url(
    *,
    region: str | None = None,
    edge: str | None = None,
    override: str | None = None,
    insecure_http: bool = False,
) -> str:
    """The origin of the API, without a slash at the end.

    `https://api.twilio.com` or `https://api.{edge}.{region}.twilio.com`; an edge alone implies the region
    us1, a region alone the edge that Twilio's libraries go to: hosts without an edge have been switched off.
    `override` (http or https, no path) replaces all of it. `http` is for loopback addresses only, unless
    `insecure_http`: the token would travel in the clear. Raises UsageError, also for a region whose edge
    nobody here knows.
    """
    if override:
        return _origin(override, insecure_http=insecure_http)
    for name, value in (("TWILIO_REGION", region), ("TWILIO_EDGE", edge)):
        if value and not _LABEL.fullmatch(value):
            raise UsageError(f"{name} is not a name as us1 or ashburn", hint="nothing was sent")
    if not region and not edge:
        return "https://api.twilio.com"
    region = region or "us1"
    edge = edge or _EDGES.get(region)
    if edge is None:
        raise UsageError(
            f"TWILIO_REGION is {region}, which is no region that this program knows the edge of",
            hint=f"set TWILIO_EDGE too, or one of {', '.join(_EDGES)}; nothing was sent",
        )
    return f"https://api.{edge}.{region}.twilio.com"


def _origin(url: str, *, insecure_http: bool) -> str:
    """Scheme, host and port of `url`; messages never repeat it, because it may hold a password."""
    parts, port = _split(url)
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError("the base URL is not an http or https URL", hint="write it as http://127.0.0.1:8765")
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "the base URL contains a user or password",
            hint="credentials belong in TWILIO_ACCOUNT_SID and others",
        )
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise UsageError(
            "the base URL is an origin and has no path", hint="/2010-04-01/... is added by voiceform"
        )
    if parts.scheme == "http" and not insecure_http and not is_loopback(parts.hostname):
        raise UsageError(
            f"http:// to {parts.hostname} would send the token in the clear",
            hint="use https, or pass --insecure-http if the network between is yours",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}{f':{port}' if port is not None else ''}"


def _split(url: str) -> tuple[SplitResult | None, int | None]:
    if not url.isprintable() or " " in url:
        return None, None
    try:
        parts = urlsplit(url)
        return parts, parts.port
    except ValueError:
        return None, None


def is_loopback(host: str) -> bool:
    """Whether `host` is this very machine: localhost, 127.0.0.0/8 or ::1."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
