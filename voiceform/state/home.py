"""Where an account's data is: the API that was asked and, at Twilio, the region."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from voiceform.twilio.credentials import is_loopback

LOOPBACK = "loopback"
_TWILIO = "api.twilio.com"
_DEFAULT_REGION = "us1"


@dataclass(frozen=True, slots=True)
class Home:
    """An origin, and the region for Twilio's own: the same account holds other data in each region.

    The edge is only the way there and is left out. Every origin on this very machine is `loopback`, whatever
    its port: emulators and test proxies come and go.
    """

    origin: str
    region: str | None = None

    @classmethod
    def of(cls, base_url: str) -> Home:
        """The home behind a base URL (scheme, host and port)."""
        parts = urlsplit(base_url)
        host = (parts.hostname or "").rstrip(".")
        if is_loopback(host):
            return cls(LOOPBACK)
        if host == _TWILIO:
            return cls(_TWILIO, _DEFAULT_REGION)
        if host.startswith("api.") and host.endswith(".twilio.com"):
            return cls(_TWILIO, host.removesuffix(".twilio.com").rpartition(".")[2])
        return cls(base_url.lower())

    def __str__(self) -> str:
        return self.origin if self.region is None else f"{self.origin}, region {self.region}"
