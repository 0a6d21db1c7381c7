"""Who may enter: HTTP Basic credentials, and the limit of requests in flight."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import secrets
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlsplit

from voiceform.emulator.errors import ApiError, too_many_requests, unauthorized
from voiceform.emulator.messages import Response, json_response
from voiceform.emulator.settings import EmulatorSettings
from voiceform.emulator.sids import is_sid


@lru_cache(maxsize=256)
def credentials(header: str) -> tuple[str, str, bool]:
    """User and password of an Authorization header, and whether the user is an account or an API key; raises
    401/20003."""
    scheme, _, encoded = header.partition(" ")
    if scheme.lower() != "basic":
        raise unauthorized()
    try:
        user, separator, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise unauthorized() from None
    if not separator or not password:
        raise unauthorized()
    return user, password, is_sid(user, "AC") or is_sid(user, "SK")


def check(settings: EmulatorSettings, header: str, account: str) -> str:
    """The token of a caller who may use the account; raises 401/20003.

    An account SID opens its own account only, an API key (``SK``) any.
    """
    user, password, known = credentials(header)
    if settings.auth is not None:
        known = secrets.compare_digest(f"{user}:{password}".encode(), settings.auth.encode())
    if not known or (user != account and user.startswith("AC") and is_sid(account, "AC")):
        raise unauthorized()
    return password


def refuse_control(
    settings: EmulatorSettings, method: str, headers: Iterable[tuple[bytes, bytes]]
) -> Response | None:
    """The answer to somebody who may not use the unofficial corner; None for who may.

    Where credentials are asked for, they are asked for here too. Elsewhere the emulator listens on loopback,
    and what must be kept out are pages in a browser on this machine: those of other sites, and those whose
    name was made to lead here (DNS rebinding), which would read the log of who was phoned.
    """
    found = dict(headers)
    if settings.auth is not None:
        try:
            check(settings, found.get(b"authorization", b"").decode("latin-1"), "")
        except ApiError:
            answer = json_response(401, {"error": "the credentials of --auth are needed here"})
            answer.headers.append((b"WWW-Authenticate", b'Basic realm="voiceform emulator"'))
            return answer
    elif not _is_this_machine(found.get(b"host", b"").decode("latin-1")):
        return json_response(403, {"error": "the host must be localhost or an address"})
    if method != "GET" and not is_own_origin(found.items()):
        return json_response(403, {"error": "a page of another site may not change anything here"})
    return None


def _is_this_machine(host: str) -> bool:
    """Whether a Host header names no site: `localhost` or an address."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if name != "localhost":
            ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_own_origin(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether a request comes from no page at all (programs send no Origin), or from our own.

    A name that leads to this machine is not enough, since any site can own one: it must be ``localhost`` or
    an address.
    """
    found = dict(headers)
    origin = found.get(b"origin")
    if origin is None:
        return True
    try:
        parts = urlsplit(origin.decode("latin-1"))
        host = parts.hostname or ""
        if host != "localhost":
            ipaddress.ip_address(host)
    except ValueError:
        return False
    return parts.netloc.encode() == found.get(b"host")


class Throttle:
    """Counts requests in flight per account, and refuses those beyond a limit (429/20429)."""

    def __init__(self, limit: int | None) -> None:
        self._limit = limit
        self._by_account: dict[str, int] = {}
        self.in_flight = 0
        self.highest = 0
        self.highest_by_account: dict[str, int] = {}
        self._writes_by_account: dict[str, int] = {}
        self.highest_writes_by_account: dict[str, int] = {}
        self.refused = 0

    def enter(self, account: str, *, writes: bool = False) -> ApiError | None:
        """Count a request in; the error to answer if there are too many. ``leave`` must follow in either
        case.
        """
        if writes:
            writing = self._writes_by_account.get(account, 0) + 1
            self._writes_by_account[account] = writing
            if writing > self.highest_writes_by_account.get(account, 0):
                self.highest_writes_by_account[account] = writing
        count = self._by_account.get(account, 0) + 1
        self._by_account[account] = count
        self.in_flight += 1
        self.highest = max(self.highest, self.in_flight)
        if count > self.highest_by_account.get(account, 0):
            self.highest_by_account[account] = count
        if self._limit is not None and count > self._limit:
            self.refused += 1
            return too_many_requests()
        return None

    def leave(self, account: str, *, writes: bool = False) -> int:
        """Count a request out; how many of the account were in flight, this one included."""
        if writes:
            self._writes_by_account[account] -= 1
        count = self._by_account[account]
        if count == 1:
            del self._by_account[account]
        else:
            self._by_account[account] = count - 1
        self.in_flight -= 1
        return count

    def reset(self) -> None:
        """Forget the record, not the requests that are still in flight."""
        self.highest = self.in_flight
        self.highest_by_account = dict(self._by_account)
        self.highest_writes_by_account = {
            account: count for account, count in self._writes_by_account.items() if count
        }
        self.refused = 0
