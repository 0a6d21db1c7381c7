"""The proxy on the way to an origin, as the process environment names it."""

from __future__ import annotations

import base64
import os
import socket
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from voiceform.model.errors import MissingExtraError
from voiceform.twilio.credentials import is_loopback
from voiceform.twilio.failures import ExchangeFailedError

_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy as the environment names it."""

    scheme: str
    host: str
    port: int
    user: str
    password: str

    def __repr__(self) -> str:
        return f"Proxy({self.scheme!r}, {self.host!r}, {self.port!r})"

    @property
    def socks(self) -> bool:
        """Whether it speaks SOCKS, not HTTP."""
        return self.scheme.startswith("socks")

    @property
    def sign_in(self) -> str:
        """The line of a header with user and password; empty without a user."""
        if not self.user:
            return ""
        encoded = base64.b64encode(f"{self.user}:{self.password}".encode()).decode("ascii")
        return f"Proxy-Authorization: Basic {encoded}\r\n"

    def socket(self, family: int, kind: int, protocol: int, address: str) -> socket.socket:
        """One that speaks SOCKS to the proxy at `address` when it is connected."""
        import socks

        version = socks.SOCKS4 if self.scheme.startswith("socks4") else socks.SOCKS5
        by_proxy = self.scheme in ("socks4a", "socks5h")  # who looks names up
        sock = socks.socksocket(family, kind, protocol)
        sock.set_proxy(version, address, self.port, by_proxy, self.user or None, self.password or None)
        return sock  # type: ignore[no-any-return]


def proxy_to(origin: str) -> Proxy | None:
    """The environment's proxy on the way to `origin`. This machine is never reached through one: a proxy
    would look for it at its own place, and see the sign-in unencrypted.

    Raises ExchangeFailedError for a setting that cannot be used, MissingExtraError where PySocks is missing.
    """
    if is_loopback(urlsplit(origin).hostname or "") or not _may_be_named():
        return None
    from requests.utils import get_auth_from_url, get_environ_proxies, select_proxy

    url = select_proxy(origin, get_environ_proxies(origin))
    if not url:
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        usual = _PORTS[parts.scheme]
        if not parts.hostname:
            raise ValueError
        proxy = Proxy(parts.scheme, parts.hostname, parts.port or usual, *get_auth_from_url(url))
    except (ValueError, KeyError):
        raise ExchangeFailedError("the proxy that the environment names cannot be used", sent=False) from None
    if proxy.socks and find_spec("socks") is None:
        raise MissingExtraError("a SOCKS proxy", "socks")
    return proxy


def _may_be_named() -> bool:
    """Whether there is a setting of a proxy anywhere; that means no more than that it has to be read, by
    what takes a tenth of a command to import."""
    names = {name.lower() for name, value in os.environ.items() if value}
    return sys.platform in ("darwin", "win32") or any(
        name.endswith("_proxy") and name != "no_proxy" for name in names
    )
