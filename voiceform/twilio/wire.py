"""One HTTP exchange with the API's origin: the only module, with `media`, that touches requests.

Everything that does not change is prepared once: proxies, headers, the pool of connections and its one TLS
context. What requests does per request beyond that (merging headers and environment, looking up proxies and
pools, collecting cookies) costs more than half of the time of a request, so the adapter is called directly.
"""

from __future__ import annotations

import base64
import os
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import DEFAULT_CA_BUNDLE_PATH, get_environ_proxies, select_proxy
from urllib3.exceptions import HTTPError
from urllib3.util import Timeout
from urllib3.util.ssl_ import create_urllib3_context

from voiceform import __version__
from voiceform.twilio.credentials import Credentials
from voiceform.twilio.failures import ExchangeFailedError, failure

_LARGEST_BODY = 64 * 1024 * 1024
_FORM = "application/x-www-form-urlencoded"
_AGENT = f"voiceform/{__version__}"
_MEDIA_HEADERS = {"User-Agent": _AGENT, "Accept": "*/*", "Accept-Encoding": "identity"}

ERRORS = (RequestException, HTTPError, HTTPException, OSError, ValueError)
"""Everything that requests, urllib3 and the machine raise for a failed exchange."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds until a connection is there, and between two pieces of an answer."""

    connect: float = 5.0
    read: float = 30.0


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whole. `headers` finds names in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Wire:
    """Connections to one origin under one sign-in. Safe for many threads.

    Proxies (HTTPS_PROXY, HTTP_PROXY, NO_PROXY) and certificates (REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE) come
    from the process environment, once.
    """

    def __init__(
        self, credentials: Credentials, origin: str, *, connections: int, timeouts: Timeouts
    ) -> None:
        self.origin = origin
        self._connections = connections
        self._others: dict[str, _OriginAdapter] = {}
        self._lock = threading.Lock()
        self.timeout = Timeout(connect=timeouts.connect, read=timeouts.read)
        self._proxy = select_proxy(origin, get_environ_proxies(origin))
        self._context = _tls_context() if origin.startswith("https:") else None
        try:
            self._adapter = self._new_adapter(connections)
        except ERRORS as error:
            raise failure(error) from None
        sign_in = f"{credentials.username}:{credentials.password}".encode()
        self._headers = CaseInsensitiveDict(
            {
                "User-Agent": _AGENT,
                "Accept": "application/json",
                "Accept-Encoding": "gzip, deflate",
                "Authorization": f"Basic {base64.b64encode(sign_in).decode('ascii')}",
            }
        )

    def exchange(self, method: str, target: str, form: str | None = None, *, alone: bool = False) -> Answer:
        """Send one request to a path of the origin and read the answer whole; redirects are not followed.

        `alone` uses a new connection and closes it: a kept one may just be closing, and then nobody can say
        whether the request arrived. Raises ExchangeFailedError.
        """
        adapter = self._new_adapter(1) if alone else self._adapter
        try:
            response = adapter.send(self._request(method, target, form, alone=alone), timeout=self.timeout)  # type: ignore[arg-type]
            return _read(response)
        except ERRORS as error:
            raise failure(error) from None
        finally:
            if alone:
                adapter.close()

    def stream(self, url: str) -> Response:
        """Send a GET and return with the headers; the caller reads and closes `raw`.

        Only our own origin is shown the sign-in. Raises ExchangeFailedError.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        own = origin == self.origin
        headers = {"Authorization": self._headers["Authorization"]} if own else {}
        request = PreparedRequest()
        request.method = "GET"
        request.url = url.partition("#")[0]
        request.headers = CaseInsensitiveDict({**_MEDIA_HEADERS, **headers})
        try:
            adapter = self._adapter if own else self._elsewhere(origin)
            return adapter.send(request, timeout=self.timeout)  # type: ignore[arg-type]
        except ERRORS as error:
            raise failure(error) from None

    def rest(self, response: Response) -> Answer:
        """What a stream holds, read whole after all. Raises ExchangeFailedError."""
        try:
            return _read(response)
        except ERRORS as error:
            raise failure(error) from None

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            for adapter in (self._adapter, *self._others.values()):
                adapter.close()

    def _new_adapter(self, connections: int) -> _OriginAdapter:
        return _OriginAdapter(self.origin, self._proxy, self._context, connections)

    def _elsewhere(self, origin: str) -> _OriginAdapter:
        """The adapter for a host that stores audio; there are one or two of them."""
        with self._lock:
            adapter = self._others.get(origin)
            if adapter is None:
                context = self._context or (_tls_context() if origin.startswith("https:") else None)
                proxy = select_proxy(origin, get_environ_proxies(origin))
                adapter = self._others[origin] = _OriginAdapter(origin, proxy, context, self._connections)
            return adapter

    def _request(self, method: str, target: str, form: str | None, *, alone: bool = False) -> PreparedRequest:
        headers = self._headers
        body: bytes | None = None
        if form is not None:
            body = form.encode("ascii")
            headers = CaseInsensitiveDict(headers)
            headers["Content-Type"] = _FORM
            headers["Content-Length"] = str(len(body))
            if alone:
                headers["Connection"] = "close"
        request = PreparedRequest()
        request.method = method
        request.url = self.origin + target
        request.headers = headers
        request.body = body
        return request


class _OriginAdapter(HTTPAdapter):
    """An adapter that knows its only pool in advance."""

    def __init__(
        self, origin: str, proxy: str | None, context: ssl.SSLContext | None, connections: int
    ) -> None:
        self._context = context
        super().__init__(pool_connections=1, pool_maxsize=connections)
        parts = urlsplit(origin)
        manager = self.proxy_manager_for(proxy, ssl_context=context) if proxy else self.poolmanager
        self._pool = manager.connection_from_host(parts.hostname, parts.port, parts.scheme)
        whole = proxy is not None and parts.scheme == "http" and not proxy.lower().startswith("socks")
        self._cut = 0 if whole else len(origin)

    def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **kwargs: Any) -> None:  # noqa: ANN401
        """One TLS context for all connections: making one reads every trusted certificate."""
        super().init_poolmanager(connections, maxsize, block, ssl_context=self._context, **kwargs)

    def get_connection_with_tls_context(self, *_: Any, **__: Any) -> Any:  # noqa: ANN401
        """The pool of the origin."""
        return self._pool

    def cert_verify(self, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Nothing: the TLS context requires and verifies certificates."""

    def request_url(self, request: PreparedRequest, *_: Any, **__: Any) -> str:  # noqa: ANN401
        """What goes into the request line: the path, or the whole URL for a plain proxy."""
        return (request.url or "")[self._cut :]

    def build_response(self, req: PreparedRequest, resp: Any) -> Response:  # noqa: ANN401
        """Status, headers and body; no cookies, no guessing of encodings."""
        response = Response()
        response.status_code = resp.status
        response.headers = resp.headers
        response.raw = resp
        response.url = req.url or ""
        return response


def _read(response: Response) -> Answer:
    raw = response.raw
    body = raw.read(_LARGEST_BODY, decode_content=True)
    if raw.length_remaining != 0 and len(body) < _LARGEST_BODY:
        # The end of a body without a length has to be read, or the connection cannot be used again; that of a
        # body with one shows whether it was cut off.
        body += raw.read(1, decode_content=True)
    if len(body) >= _LARGEST_BODY:
        raw.close()
        raise ExchangeFailedError("the answer is too large to be one of the API's", sent=True)
    raw.release_conn()
    return Answer(response.status_code, response.headers, body)


def _tls_context() -> ssl.SSLContext:
    context = create_urllib3_context()
    bundle = (
        os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH
    )
    try:
        if os.path.isdir(bundle):
            context.load_verify_locations(capath=bundle)
        else:
            context.load_verify_locations(cafile=bundle)
    except OSError as error:
        raise ExchangeFailedError(
            f"the trusted certificates in {bundle} cannot be read ({error.strerror or 'not a bundle'})",
            sent=False,
        ) from None
    return context
