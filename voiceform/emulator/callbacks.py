"""Webhooks: status callbacks of calls, recordings and conferences, signed as Twilio signs them.

They are sent to loopback addresses only; whatever a configuration under test names, no other machine hears of
it. All of them, sent or not, are in ``GET /_emulator/callbacks``.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from urllib.parse import urlencode, urlsplit

from voiceform.emulator.clock import iso
from voiceform.emulator.telephony import settle
from voiceform.emulator.world import Callback, World

_TICK = 0.1
_TIMEOUT = 5.0


def signature(token: str, url: str, params: dict[str, str]) -> str:
    """``X-Twilio-Signature``: HMAC-SHA1 of the URL and the sorted form parameters, in Base64."""
    text = url + "".join(name + params[name] for name in sorted(params))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


def is_loopback(url: str) -> bool:
    """Whether a URL leads to this machine by its loopback interface."""
    host = urlsplit(url).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def document(callback: Callback) -> dict[str, object]:
    """As ``GET /_emulator/callbacks`` shows it; ``status`` is null until it is answered, or what became of
    it.
    """
    return {
        "method": callback.method,
        "url": callback.url,
        "params": callback.params,
        "status": callback.status,
        "at": iso(callback.at),
    }


@dataclass(slots=True)
class Postman:
    """Lets time pass and delivers callbacks, one after the other, beside the requests."""

    world: World

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            settle(self.world)
            while self.world.outbox:
                callback = self.world.outbox.popleft()
                if is_loopback(callback.url):
                    token = self.world.tokens.get(callback.account, "")
                    callback.status = await asyncio.to_thread(_deliver, callback, token)
                else:
                    callback.status = "not sent: not a loopback address"
            await asyncio.sleep(_TICK)


def _deliver(callback: Callback, token: str) -> int | str:
    """Send one callback; the status of the answer, or the reason why there is none."""
    url = callback.url.partition("#")[0]
    form = urlencode(callback.params)
    if callback.method == "GET":
        url += ("&" if "?" in url else "?") + form
    signed = {} if callback.method == "GET" else callback.params
    headers = {"X-Twilio-Signature": signature(token, url, signed), "User-Agent": "TwilioProxy/1.1"}
    if callback.method != "GET":
        headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(callback.method, target, None if callback.method == "GET" else form, headers)
        return connection.getresponse().status
    except (OSError, HTTPException) as error:
        return f"not delivered: {error}"
    finally:
        connection.close()
