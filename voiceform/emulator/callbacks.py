"""Webhooks: status callbacks of calls, recordings and conferences, signed as Twilio signs them.

They are sent to loopback addresses only; whatever a configuration under test names, no other machine hears of
it. All of them, sent or not, are in ``GET /_emulator/callbacks``.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPSConnection
from urllib.parse import urlencode, urlsplit

from voiceform.emulator.clock import iso
from voiceform.emulator.settings import is_loopback_host
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
    return is_loopback_host(urlsplit(url).hostname or "")


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
class WebhookSender:
    """Lets time pass and delivers callbacks, one after the other, beside the requests."""

    world: World

    async def run(self) -> None:
        """Run until cancelled."""
        while True:
            settle(self.world)
            while self.world.outbox:
                callback = self.world.outbox.popleft()
                token = self.world.tokens.get(callback.account, "")
                callback.status = await asyncio.to_thread(_deliver, callback, token)
            await asyncio.sleep(_TICK)


def _deliver(callback: Callback, token: str) -> int | str:
    """Send one callback; the status of the answer, or the reason why there is none. Never raises: a URL that
    nobody can use, as TwiML may hold one, must not end the callbacks of everybody else."""
    try:
        return _send(callback, token) if is_loopback(callback.url) else "not sent: not a loopback address"
    except Exception as error:
        return f"not delivered: {error}"


def _send(callback: Callback, token: str) -> int:
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
    finally:
        connection.close()
