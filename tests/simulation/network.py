"""The wire and the account behind it: the emulator's own application, called without sockets.

Each request meets a fate that is drawn when its bytes leave: it is carried out late, or not at all, its
answer is lost, or it is refused. What was really done is written down on the server's side.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, urlsplit

from tests.simulation.runtime import BEGINNING, SimRuntime
from tests.simulation.scheduler import Process, Scheduler, Task
from voiceform.emulator.app import ABORT, ARRIVAL, Application
from voiceform.emulator.calls.life import LIVE
from voiceform.emulator.clock import micros
from voiceform.emulator.control.seeds import seed
from voiceform.emulator.errors import ApiError
from voiceform.emulator.routing import resolve
from voiceform.emulator.settings import EmulatorSettings
from voiceform.emulator.telephony import settle
from voiceform.emulator.world import World

if TYPE_CHECKING:
    from tests.simulation.actors import Weather

_ERRORS = {429: ApiError(429, 20429, "Too Many Requests"), 503: ApiError(503, 20503, "Service Unavailable")}
_FATES = ("slow", "lost before", "lost after", "refused 429", "refused 503", "failed after", "silent", "late")

_MOST = 0.9
"""How many requests, or connections, share the fate of a spell."""


class ServerClock:
    """The account's time, in the emulator's microseconds: right, whatever clients believe."""

    offset = 0
    frozen_at = None

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    def now(self) -> int:
        return micros(BEGINNING) + int(self._scheduler.now * 1_000_000)


@dataclass(slots=True)
class Sent:
    """A request that left, and what came of it at the server: `done` is when it was carried out, None while
    it was not."""

    process: Process
    operation: str
    path: str
    form: dict[str, str]
    at: float
    done: float | None = None
    status: int = 0
    body: bytes = b""

    @property
    def sid(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2].removesuffix(".json")


class Server:
    """One account."""

    def __init__(self, scheduler: Scheduler) -> None:
        self.world = World(EmulatorSettings(port=0, calls_per_second=10_000.0, random_seed=1))
        self.world.clock = ServerClock(scheduler)  # type: ignore[assignment]
        self._application = Application(self.world)
        self.sent: list[Sent] = []
        self.deleted_calls: list[dict[str, Any]] = []
        """The records that there are no more, as they were."""
        self._scheduler = scheduler

    def seed(self, document: dict[str, Any]) -> None:
        """Put objects into the account, by nobody's request."""
        self.world.now = self.world.clock.now()
        seed(self.world, document)

    def carry_out(self, sent: Sent, request: bytes) -> bytes:
        """Do what a request asks, and give its answer."""
        head, _, body = request.partition(b"\r\n\r\n")
        first, *lines = head.split(b"\r\n")
        method, target, _ = first.decode().split(" ")
        path, _, query = target.partition("?")
        fields = [line.partition(b": ") for line in lines]
        scope = {
            "type": "http",
            "method": method,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.lower(), value) for name, _, value in fields],
            "extensions": {ABORT: {"call": lambda: None}, ARRIVAL: {"time": 0.0}},
        }
        calls = self.rows("calls") if sent.operation == "deleteCall" else []
        messages: list[Any] = []

        async def receive() -> Any:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            messages.append(message)

        work = self._application(scope, receive, send)
        with suppress(StopIteration):
            work.send(None)
        start, end = messages
        sent.done, sent.status, sent.body = self._scheduler.now, start["status"], end["body"]
        if sent.status == 204:
            self.deleted_calls += [call for call in calls if call["sid"] == sent.sid]
        headers = [b"%s: %s" % item for item in start["headers"] if b"Duration" not in item[0]]
        return b"\r\n".join([f"HTTP/1.1 {sent.status} X".encode(), *headers, b"", sent.body])

    def rows(self, table: str) -> list[dict[str, Any]]:
        """What there is."""
        return [dict(row) for row in self.world.store.all(f"SELECT * FROM {table} ORDER BY seq")]

    def calls(self) -> list[dict[str, Any]]:
        """Every call that there was."""
        return [*self.rows("calls"), *self.deleted_calls]

    def look(self) -> None:
        """Let happen what is due by now."""
        self.world.now = self.world.clock.now()
        settle(self.world)

    def ended(self, call: dict[str, Any]) -> float | None:
        """When a call was over, in the scheduler's seconds; None while it goes on."""
        if call["status"] in LIVE:
            return None
        return float((call["end_time"] or call["updated"]) - micros(BEGINNING)) / 1_000_000

    def close(self) -> None:
        self.world.store.close()


class Network:
    """Between processes and the server. `weather` says how often what goes wrong."""

    kind: type[SimSocket]

    def __init__(self, scheduler: Scheduler, server: Server, weather: Weather) -> None:
        self.scheduler, self.server, self.weather = scheduler, server, weather
        self.on_send: list[Callable[[Sent], None]] = []
        self.on_done: list[Callable[[Sent], None]] = []
        # What poll() sees of a connection that is idle, and of one that the other end has closed.
        self._quiet, self._other = os.pipe()
        self._ended, writer = os.pipe()
        os.close(writer)

    def socket(self, runtime: SimRuntime) -> socket.socket:
        """A connection that is not there yet."""
        return cast(socket.socket, self.kind(self, runtime))

    def descriptor(self, *, ended: bool) -> int:
        return self._ended if ended else self._quiet

    def close(self) -> None:
        for descriptor in (self._quiet, self._other, self._ended):
            os.close(descriptor)


@dataclass(eq=False)
class SimSocket:
    """A TCP connection to the server."""

    network: Network
    runtime: SimRuntime
    timeout: float | None = None
    arrived: bytearray = field(default_factory=bytearray)
    ended: bool = False
    reset: bool = False
    waiters: list[Task] = field(default_factory=list)

    def setsockopt(self, *_: object) -> None:
        """It does not matter here."""

    def settimeout(self, seconds: float | None) -> None:
        self.timeout = seconds

    def fileno(self) -> int:
        return self.network.descriptor(ended=self.ended or self.reset or bool(self.arrived))

    def connect(self, address: object) -> None:
        scheduler = self.network.scheduler
        scheduler.pass_by("connect")
        weather = self.network.weather
        spell = weather.spell(scheduler.now) == "unreachable"
        if scheduler.random.random() < (_MOST if spell else weather.unreachable):
            raise ConnectionRefusedError(111, "Connection refused")

    def sendall(self, data: bytes) -> None:
        network, scheduler = self.network, self.network.scheduler
        if self.ended or self.reset:
            raise ConnectionResetError(104, "Connection reset by peer")
        sent = _sent(data, self.runtime.process, scheduler.now)
        for hears in network.on_send:
            hears(sent)
        network.server.sent.append(sent)
        self._meet_fate(sent, bytes(data))
        scheduler.pass_by(f"send {sent.operation} {sent.path}")

    def recv(self, size: int) -> bytes:
        scheduler = self.network.scheduler
        scheduler.pass_by("receive", always=False)
        until = None if self.timeout is None else scheduler.now + self.timeout
        while not self.arrived:
            if self.reset:
                raise ConnectionResetError(104, "Connection reset by peer")
            if self.ended:
                return b""
            if not scheduler.block(self.waiters, until=until):
                raise TimeoutError("timed out")
        piece = bytes(self.arrived[:size])
        del self.arrived[:size]
        return piece

    def recv_into(self, buffer: memoryview) -> int:
        piece = self.recv(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)

    def shutdown(self, _: int) -> None:
        self.ended = True
        self.network.scheduler.wake(self.waiters)

    def close(self) -> None:
        self.ended = True

    def _meet_fate(self, sent: Sent, data: bytes) -> None:
        network, scheduler = self.network, self.network.scheduler
        draw, weather = scheduler.random, network.weather
        fate = draw.choice(_FATES) if draw.random() < weather.faults else "fine"
        spell = weather.spell(scheduler.now)
        if spell in _FATES and draw.random() < _MOST:
            fate = spell
        there = draw.expovariate(1 / 0.1) + (draw.uniform(1, 4) if fate == "slow" else 0.0)
        if fate == "late":
            there = draw.uniform(20, 80)
        carried_out = fate not in ("lost before", "refused 429", "refused 503") and (
            fate != "silent" or draw.random() < 0.5
        )
        back = there + draw.expovariate(1 / 0.1)
        scheduler.note(f"fate {fate}")

        def arrive() -> None:
            answer = network.server.carry_out(sent, data) if carried_out else b""
            for hears in network.on_done if carried_out else ():
                hears(sent)
            if fate in ("lost before", "lost after"):
                scheduler.at(scheduler.now + back - there, self._lose)
            elif fate == "refused 429":
                scheduler.at(scheduler.now + back - there, lambda: self._answer(_refusal(429)))
            elif fate in ("refused 503", "failed after"):
                scheduler.at(scheduler.now + back - there, lambda: self._answer(_refusal(503)))
            elif fate != "silent":
                scheduler.at(scheduler.now + back - there, lambda: self._answer(answer))

        scheduler.at(scheduler.now + there, arrive)

    def _answer(self, data: bytes) -> None:
        self.arrived += data
        self.network.scheduler.wake(self.waiters)

    def _lose(self) -> None:
        self.reset = True
        self.network.scheduler.wake(self.waiters)


Network.kind = SimSocket


def _refusal(status: int) -> bytes:
    body = _json(_ERRORS[status])
    return (
        f"HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Twilio-Request-Id: RQ{'0' * 32}\r\n\r\n"
    ).encode() + body


def _json(error: ApiError) -> bytes:
    from voiceform.emulator.messages import json_response

    return json_response(error.status, error.body()).body


def _sent(data: bytes, process: Process, now: float) -> Sent:
    head, _, body = data.partition(b"\r\n\r\n")
    method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
    path = urlsplit(target).path
    route = resolve(path).methods.get(method)
    operation = method if route is None or route.operation is None else route.operation
    return Sent(process, operation, path, dict(parse_qsl(body.decode())), now)


def instant(seconds: float) -> datetime:
    """A moment of the history as a time of day."""
    from datetime import timedelta

    return BEGINNING + timedelta(seconds=seconds)
