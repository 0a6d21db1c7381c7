"""Running the emulator: a server in a thread for tests and demonstrations, or in the foreground for the
command line.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import signal
import socket
import sqlite3
import sys
import threading
import time
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from voiceform.emulator.app import Application
from voiceform.emulator.callbacks import WebhookSender
from voiceform.emulator.control.seeds import seed as put_seed
from voiceform.emulator.errors import ControlError
from voiceform.emulator.settings import EmulatorSettings
from voiceform.emulator.world import World

_START_TIMEOUT = 30.0
_DESCRIPTORS = 16
"""More than the server has open before its first connection."""


class Emulator:
    """A server in a thread of this process; a context manager.

    Options are those of ``EmulatorSettings``; port 0 takes a free one. ``url`` is the origin for clients. The
    helpers go over HTTP as any other client of ``/_emulator/`` would, and raise ``ControlError`` with the
    server's reason.
    """

    def __init__(self, settings: EmulatorSettings | None = None, **options: Any) -> None:  # noqa: ANN401
        base = settings if settings is not None else EmulatorSettings(port=0)
        self.settings = replace(base, **options) if options else base
        self._server: Any = None
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """``http://host:port``, without a slash at the end."""
        host = self.settings.host
        return f"http://{f'[{host}]' if ':' in host else host}:{self._port}"

    def start(self) -> Self:
        """Bind, start and wait until requests are answered. Raises ``OSError`` (address), ``ControlError``
        (seed file), and what ended the server's thread before it answered.
        """
        import uvicorn

        from voiceform.emulator.protocol import patient_protocol

        world = _world(self.settings)
        try:
            listener = _bind(self.settings.host, self.settings.port)
        except BaseException:
            world.store.close()
            raise
        self._port = listener.getsockname()[1]
        world.origin = self.url
        self._server = uvicorn.Server(
            uvicorn.Config(
                Application(world, (WebhookSender(world),)),
                http=patient_protocol(self.settings.request_timeout),
                lifespan="on",
                log_config=None,
                log_level="critical",
                access_log=False,
                server_header=False,
                proxy_headers=False,
                ws="none",
                timeout_keep_alive=60,
                timeout_graceful_shutdown=2,
            )
        )
        try:
            _require_descriptors(listener)
        except OSError:
            listener.close()
            world.store.close()
            raise
        self._thread = threading.Thread(
            target=self._run, args=(listener,), name="voiceform-emulator", daemon=True
        )
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._server.started:
            if self._failure is not None:
                listener.close()
                world.store.close()
                raise self._failure
            if not self._thread.is_alive() or time.monotonic() > deadline:
                raise RuntimeError("the emulator did not start")
            time.sleep(0.002)
        return self

    def _run(self, listener: socket.socket) -> None:
        try:
            self._server.run(sockets=[listener])
        except BaseException as error:
            self._failure = error  # the thread that waits for the start says it

    def stop(self) -> None:
        """Stop and wait for the end; harmless when it is not running."""
        if self._thread is not None and self._server is not None:
            self._server.should_exit = True
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def seed(self, document: dict[str, Any]) -> dict[str, Any]:
        """``POST /_emulator/seed``: how many objects of each kind were added."""
        return self._ask("POST", "seed", document)  # type: ignore[no-any-return]

    def requests(self, operation: str | None = None) -> list[dict[str, Any]]:
        """``GET /_emulator/requests``: the log of API requests, newest last, of one operation if given."""
        return self._ask("GET", f"requests?operation={operation}" if operation else "requests")  # type: ignore[no-any-return]

    def clear_requests(self) -> None:
        """``DELETE /_emulator/requests``: empty the log and the counts, keep the data."""
        self._ask("DELETE", "requests")

    def clock(self, **change: Any) -> dict[str, Any]:  # noqa: ANN401
        """The clock ``{now, frozen}``; with ``now=``, ``advance=`` or ``frozen=`` it is changed first."""
        return self._ask("POST" if change else "GET", "clock", change or None)  # type: ignore[no-any-return]

    def clock_advance(self, duration: str) -> dict[str, Any]:
        """Move the clock forward, by ``10m`` for example."""
        return self.clock(advance=duration)

    def faults(self, rules: list[dict[str, Any]]) -> None:
        """``POST /_emulator/faults``: these rules in the place of all others."""
        self._ask("POST", "faults", {"rules": rules})

    def switches(self, **changes: Any) -> dict[str, Any]:  # noqa: ANN401
        """The switches; with arguments they are changed first."""
        return self._ask("POST" if changes else "GET", "switches", changes or None)  # type: ignore[no-any-return]

    def callbacks(self) -> list[dict[str, Any]]:
        """``GET /_emulator/callbacks``: webhooks, sent or not, ``[{method, url, params, status, at}]``."""
        return self._ask("GET", "callbacks")  # type: ignore[no-any-return]

    def stats(self) -> dict[str, Any]:
        """``GET /_emulator/stats``: ``{requests, by_operation, max_in_flight, max_in_flight_by_account,
        max_writes_in_flight_by_account, throttled}``."""
        return self._ask("GET", "stats")  # type: ignore[no-any-return]

    def reset(self) -> None:
        """``POST /_emulator/reset``: no data, no log, no faults, real time."""
        self._ask("POST", "reset")

    def _ask(self, method: str, name: str, document: object = None) -> Any:  # noqa: ANN401
        connection = HTTPConnection(self.settings.host, self._port, timeout=600)
        headers = {}
        if self.settings.auth is not None:
            headers["Authorization"] = f"Basic {base64.b64encode(self.settings.auth.encode()).decode()}"
        try:
            body = None if document is None else json.dumps(document, default=str)
            connection.request(method, f"/_emulator/{name}", body, headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise ControlError(answer["error"])
        return answer


def serve(settings: EmulatorSettings) -> None:
    """Run until SIGTERM, SIGINT or SIGHUP, in the main thread; one line on stderr says when it is ready, and
    where.
    """
    ended = threading.Event()
    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)]
    previous = {
        number: signal.signal(number, lambda *_: ended.set())
        for number in numbers
        if signal.getsignal(number) is not signal.SIG_IGN
    }
    try:
        with Emulator(settings) as emulator:
            sys.stderr.write(f"Emulator (profile {settings.profile}) on {emulator.url}\n")
            sys.stderr.flush()
            # With a timeout, because a wait without one cannot be interrupted by a signal on every platform.
            while not ended.wait(3600):
                pass
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _world(settings: EmulatorSettings) -> World:
    """The data, with the seed file's objects in it. Raises ``ControlError`` for a file that cannot be
    used.
    """
    try:
        world = World(settings)
    except sqlite3.Error as error:
        raise ControlError(f"{settings.db}: {error}") from None
    try:
        if settings.seed is not None:
            _plant(world, settings.seed)
    except BaseException:
        world.store.close()
        raise
    return world


def _plant(world: World, path: Path) -> None:
    document = read_seed(path)
    try:
        put_seed(world, document)
    except ControlError as error:
        raise ControlError(f"{path}: {error}") from None


def read_seed(path: Path) -> object:
    """A seed file, YAML or JSON. Raises ``ControlError`` with the place of the mistake."""
    import yaml

    try:
        text = path.read_text(encoding="utf-8-sig")
        # YAML is a superset of JSON but for one thing: it does not join the surrogate pairs that JSON writes.
        with contextlib.suppress(ValueError):
            return json.loads(text)
        return yaml.safe_load(text)
    except OSError as error:
        raise ControlError(f"{path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ControlError(f"{path}: {error}") from None


def _require_descriptors(listener: socket.socket) -> None:
    """See that the server gets what it opens as it starts, or raise ``OSError``: an event loop in C (uvloop)
    ends the whole process where it does not."""
    with contextlib.ExitStack() as held:
        for _ in range(_DESCRIPTORS):
            held.callback(os.close, os.dup(listener.fileno()))


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(2048)
    except BaseException:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
