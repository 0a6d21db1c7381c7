"""A server between voiceform and the emulator that answers chosen requests with rows of the table of hostile
answers (tests/hostile/answers.py) and hands everything else through."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from typing import Any, TypeVar
from urllib.parse import urlsplit

from tests.twilio.scripted import Seen, Server, Step, answer

P = TypeVar("P", bound="Proxy")
_NOT_HANDED_ON = {"connection", "transfer-encoding", "content-length", "keep-alive"}


@dataclass
class Rule:
    """Requests of `method` (`*` for any) whose target matches the regular expression `path` get `step`.

    `body` is a text that the body must hold; `times` bounds how often; with `after` the real server carries
    the request out first, and only its answer is replaced.
    """

    method: str
    path: str
    step: Step
    times: int | None = None
    after: bool = False
    body: str = ""

    def takes(self, seen: Seen) -> bool:
        return (
            self.times != 0
            and self.method in ("*", seen.method)
            and re.search(self.path, seen.target) is not None
            and self.body in seen.body
        )


@dataclass
class Proxy(Server):
    """Answers by its rules, the first that matches; without one, what the upstream server answers."""

    upstream: str = ""
    rules: list[Rule] = field(default_factory=list)

    def rule(
        self,
        method: str,
        path: str,
        step: Step,
        *,
        times: int | None = None,
        after: bool = False,
        body: str = "",
    ) -> Rule:
        """Add a rule in front of the others."""
        rule = Rule(method, path, step, times, after, body)
        with self._lock:
            self.rules.insert(0, rule)
        return rule

    def edit(
        self, method: str, path: str, change: Callable[[Any], object], *, times: int | None = None
    ) -> Rule:
        """Let the real server answer, and pass its JSON on as `change` leaves it (2xx answers only)."""

        def step(seen: Seen) -> bytes:
            reply = self._forward(seen)
            head, _, body = reply.partition(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 2"):
                return reply
            document = json.loads(body)
            change(document)
            return answer(int(head.split()[1]), document, Content_Type="application/json")

        return self.rule(method, path, step, times=times)

    def seen(self, method: str, path: str) -> list[Seen]:
        """The requests so far that a rule of that method and path would take, oldest first."""
        probe = Rule(method, path, b"")
        return [request for request in self.requests if probe.takes(request)]

    def reply_to(self, seen: Seen) -> bytes:
        with self._lock:
            rule = next((rule for rule in self.rules if rule.takes(seen)), None)
            if rule is not None and rule.times is not None:
                rule.times -= 1
        if rule is None:
            return self._forward(seen)
        if rule.after:
            self._forward(seen)
        return rule.step(seen) if callable(rule.step) else rule.step

    def _forward(self, seen: Seen) -> bytes:
        host = urlsplit(self.upstream).netloc
        connection = HTTPConnection(host, timeout=30)
        try:
            headers = {name: value for name, value in seen.headers.items() if name not in _NOT_HANDED_ON}
            headers["host"] = host
            connection.request(seen.method, seen.target, seen.body.encode() or None, headers)
            response = connection.getresponse()
            body = response.read()
        finally:
            connection.close()
        lines = [f"HTTP/1.1 {response.status} {response.reason}"]
        lines += [
            f"{name}: {value}" for name, value in response.getheaders() if name.lower() not in _NOT_HANDED_ON
        ]
        if response.status != 204:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@contextmanager
def hostile_proxy(upstream: str) -> Iterator[Proxy]:
    """A proxy in front of `upstream` (an origin such as the emulator's); clients are given its `url`."""
    with serving(Proxy([], upstream=upstream)) as proxy:
        yield proxy


@contextmanager
def serving(proxy: P) -> Iterator[P]:
    """Let a proxy of some kind answer at its `url`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    proxy.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    thread = threading.Thread(target=proxy.serve, args=(listener,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        proxy.close()
        thread.join()
