"""The ASGI application: one function, no framework. A dictionary look-up finds the operation.

A framework's routing alone would take half the time that everything does here from credentials to answer (16
of 30 microseconds for a deletion).
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Protocol

from voiceform.emulator import gate
from voiceform.emulator.control.routes import Control
from voiceform.emulator.errors import ApiError, method_not_allowed, not_found, tell_failure, unauthorized
from voiceform.emulator.faults import Faults, Rule
from voiceform.emulator.journal import Journal, LoggedRequest
from voiceform.emulator.latency import Latency
from voiceform.emulator.messages import Params, Request, Response, json_response
from voiceform.emulator.routing import Route, Target, resolve
from voiceform.emulator.telephony import settle
from voiceform.emulator.world import World

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

#: The largest request body; larger ones are answered with 413/20413.
BODY_LIMIT = 1_000_000
CONTROL_PREFIX = "/_emulator"
#: Keys under ``scope["extensions"]`` where the server puts a function that cuts the connection, and when the
#: request arrived (by ``time.perf_counter``).
ABORT = "voiceform.abort"
ARRIVAL = "voiceform.arrival"


class Background(Protocol):
    """Something that runs beside the requests for as long as the server does."""

    async def run(self) -> None:
        """Run until cancelled."""


class Application:
    """The emulator as an ASGI application."""

    def __init__(self, world: World, background: tuple[Background, ...] = ()) -> None:
        self.world = world
        self.journal = Journal()
        self.faults = Faults()
        self.throttle = gate.Throttle(world.settings.max_concurrent)
        self.control = Control(world, self.journal, self.faults, self.throttle)
        self._background = background
        self._latency = Latency(world.settings.latency_ms)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the start and end of the server."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        try:
            body = await _body(receive)
        except _BrokenOffError:
            return  # half a request is none: it is neither done nor logged
        path = scope["raw_path"].decode("ascii", "replace")
        if path == CONTROL_PREFIX or path.startswith(CONTROL_PREFIX + "/"):
            await _send(send, self._control(scope, path, body))
        else:
            await self._api(scope, path, body, send)

    def _control(self, scope: Scope, path: str, body: bytes | None) -> Response:
        refused = gate.refuse_control(self.world.settings, scope["method"], scope["headers"])
        if refused is not None:
            return refused
        if body is None:
            return json_response(413, {"error": f"the body is longer than {BODY_LIMIT:,} bytes"})
        query = Params.parse(scope["query_string"].decode("latin-1"))
        return self.control.handle(scope["method"], path, query, body)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        tasks = [asyncio.create_task(service.run()) for service in self._background]
        await send({"type": "lifespan.startup.complete"})
        await receive()
        for task in tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.world.store.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _api(self, scope: Scope, path: str, body: bytes | None, send: Send) -> None:
        """An API request from its arrival in the log to its answer, or to what a fault makes of it."""
        started: float = scope["extensions"][ARRIVAL]["time"]
        target = resolve(path)
        route = target.methods.get(scope["method"])
        query = Params.parse(scope["query_string"].decode("latin-1"))
        form = _form(scope, body)
        params = query.flat() | form.flat()
        operation = route.operation if route else None
        entry = LoggedRequest(scope["method"], path, operation, params, self.world.clock.now())
        self.journal.add(entry)
        writes = entry.method != "GET"
        due = None
        crowded = self.throttle.enter(target.account, writes=writes)
        try:
            if crowded is not None:
                rule, answer = None, json_response(crowded.status, crowded.body())
            else:
                rule, resets = self.faults.strike(entry.operation), self.world.resets
                due = await self._wait(rule, started)
                forgotten = self.world.resets != resets  # it is of what was there before
                if forgotten or (rule is not None and rule.kind == "drop-before"):
                    await _cut(scope)
                    return
                request = Request(
                    scope["method"], path, target.account, target.ids, target.suffix, query, form
                )
                answer = self._work(scope, request, target, route, body, rule)
            entry.status = answer.status
        finally:
            concurrent = self.throttle.leave(target.account, writes=writes)
        if rule is None or not rule.foreign:
            answer.headers += (
                (b"Twilio-Request-Id", b"RQ%032x" % self.world.random.getrandbits(128)),
                (b"Twilio-Concurrent-Requests", b"%d" % concurrent),
                (b"Twilio-Request-Duration", b"%.3f" % (time.perf_counter() - started)),
            )
        if rule is not None and rule.kind == "partial-media":
            answer.status, answer.body = 206, answer.body[: len(answer.body) // 2]
        if rule is not None and rule.kind == "drop-after":
            await _cut(scope)
        else:
            await _send(send, answer, halved=rule is not None and rule.kind == "truncate")
            if due is not None:
                self._latency.sent(due)

    async def _wait(self, rule: Rule | None, started: float) -> float | None:
        """Latency is that of a network: it counts from the arrival to the answer, however many requests came
        at once. A fault's delay comes on top of it, and is as long as it says, or longer.

        When the answer is due, None where nothing was waited for, or a fault's delay.
        """
        delay = rule.delay_ms / 1000 if rule else 0.0
        due = started + self._latency.seconds + delay
        if delay:
            while (left := due - time.perf_counter()) > 0:
                await asyncio.sleep(left)
            return None
        if not self._latency.seconds:
            return None
        await self._latency.until(due)
        return due

    def _work(
        self,
        scope: Scope,
        request: Request,
        target: Target,
        route: Route | None,
        body: bytes | None,
        rule: Rule | None,
    ) -> Response:
        """The answer: the fault's if it has one, otherwise that of the operation."""
        spoiled = rule.answer() if rule else None
        if rule is not None and spoiled is not None and not rule.acts:
            return spoiled
        try:
            answer = self._operate(scope, request, target, route, body)
        except ApiError as error:
            answer = json_response(error.status, error.body())
            if error.status == 401:
                answer.headers.append((b"WWW-Authenticate", b'Basic realm="Twilio API"'))
            elif error.status == 405:
                answer.headers.append((b"Allow", ", ".join(sorted(target.methods)).encode()))
        except Exception as error:
            tell_failure(request.method, request.path, error)
            answer = json_response(500, ApiError(500, 20500, "An internal server error has occurred").body())
        return answer if spoiled is None else spoiled

    def _operate(
        self, scope: Scope, request: Request, target: Target, route: Route | None, body: bytes | None
    ) -> Response:
        token = self._authenticate(scope, target)
        if not target.methods or not target.real:
            raise not_found(request.path)
        if route is None:
            raise method_not_allowed()
        if body is None:
            raise ApiError(413, 20413, "Request body too large")
        # Webhooks are signed with the account's token; where any will do, with the last one that was used.
        self.world.tokens[target.account] = token
        settle(self.world)
        if request.method == "GET":
            return route.handler(self.world, request)
        # All or nothing, also for somebody who opens the file after the emulator was killed.
        with self.world.store.transaction():
            return route.handler(self.world, request)

    def _authenticate(self, scope: Scope, target: Target) -> str:
        for name, value in scope["headers"]:
            if name == b"authorization":
                return gate.check(self.world.settings, value.decode("latin-1"), target.account)
        raise unauthorized()


def _form(scope: Scope, body: bytes | None) -> Params:
    """The parameters of a form body; a body of another type has none, as with the real service."""
    if not body:
        return Params()
    for name, value in scope["headers"]:
        if name == b"content-type" and not value.lower().startswith(b"application/x-www-form-urlencoded"):
            return Params()
    return Params.parse(body.decode("utf-8", "replace"))


class _BrokenOffError(Exception):
    """The client went away in the middle of its request."""


async def _body(receive: Receive) -> bytes | None:
    """The request body, or None if it is too large; it is read to its end in either case. Raises
    _BrokenOffError when the connection ends before the body does."""
    message = await _part(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body", False):
        return body if len(body) <= BODY_LIMIT else None
    parts, length = [body], len(body)
    while message.get("more_body", False):
        message = await _part(receive)
        chunk: bytes = message.get("body", b"")
        length += len(chunk)
        if length <= BODY_LIMIT:
            parts.append(chunk)
    return b"".join(parts) if length <= BODY_LIMIT else None


async def _part(receive: Receive) -> Message:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _BrokenOffError
    return message


async def _send(send: Send, answer: Response, halved: bool = False) -> None:
    """Send an answer; halved, the connection ends in the middle of what the length promised."""
    headers = answer.headers
    if answer.status not in (204, 304):
        headers = [
            (b"Content-Type", answer.content_type),
            (b"Content-Length", b"%d" % len(answer.body)),
            *headers,
        ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    body = answer.body[: len(answer.body) // 2] if halved else answer.body
    # Returning while the body is said to go on makes the server close the connection.
    await send({"type": "http.response.body", "body": body, "more_body": halved})


async def _cut(scope: Scope) -> None:
    """Close the connection without an answer."""
    scope["extensions"][ABORT]["call"]()
    # The server notices the loss in the next turns of the loop; only then may the application return without
    # an answer.
    for _ in range(3):
        await asyncio.sleep(0)
