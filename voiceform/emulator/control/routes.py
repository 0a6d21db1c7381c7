"""The paths of the unofficial corner; voiceform.emulator.gate says who may use them."""

from __future__ import annotations

import json
from collections.abc import Callable

from voiceform.emulator.callbacks import document
from voiceform.emulator.clock import iso, parse_duration, parse_instant
from voiceform.emulator.control.inspector import page
from voiceform.emulator.control.seeds import seed
from voiceform.emulator.control.snapshot import snapshot
from voiceform.emulator.errors import ControlError, tell_failure
from voiceform.emulator.faults import Faults
from voiceform.emulator.gate import Throttle
from voiceform.emulator.journal import Journal
from voiceform.emulator.messages import Params, Response, json_response
from voiceform.emulator.telephony import settle
from voiceform.emulator.world import World

Document = dict[str, object]


class Control:
    """Answers the unofficial paths of one server."""

    def __init__(self, world: World, journal: Journal, faults: Faults, throttle: Throttle) -> None:
        self._world = world
        self._journal = journal
        self._faults = faults
        self._throttle = throttle
        self._routes: dict[tuple[str, str], Callable[[Params, Document], object]] = {
            ("POST", "reset"): self._reset,
            ("POST", "seed"): lambda _, body: seed(self._world, body),
            ("GET", "requests"): self._requests,
            ("DELETE", "requests"): self._forget,
            ("GET", "clock"): lambda _query, _body: self._clock(),
            ("POST", "clock"): self._set_clock,
            ("GET", "faults"): lambda _query, _body: {"rules": self._faults.documents()},
            ("POST", "faults"): self._set_faults,
            ("GET", "callbacks"): lambda _query, _body: [document(sent) for sent in self._world.callbacks],
            ("GET", "switches"): lambda _query, _body: self._switches(),
            ("POST", "switches"): self._set_switches,
            ("GET", "stats"): lambda _query, _body: self._stats(),
            ("GET", "snapshot"): self._snapshot,
        }

    def handle(self, method: str, path: str, query: Params, body: bytes) -> Response:
        """Answer; errors are ``{"error": reason}`` with 400, 404 or 405."""
        name = path.removeprefix("/_emulator").strip("/")
        if name == "" and method == "GET":
            return page()
        handler = self._routes.get((method, name))
        if handler is None:
            known = {path for _, path in self._routes}
            status = 405 if name in known else 404
            return json_response(
                status, {"error": f"there is no {method} {path}; try {', '.join(sorted(known))}"}
            )
        try:
            return json_response(200, handler(query, _document(body)))
        except ControlError as error:
            return json_response(400, {"error": str(error)})
        except Exception as error:
            tell_failure(method, path, error)
            return json_response(500, {"error": f"the emulator failed: {error!r}"})

    def _reset(self, query: Params, body: Document) -> Document:
        del query, body
        self._world.reset()
        self._faults.replace(())
        self._journal.clear()
        self._throttle.reset()
        return {"reset": True}

    def _requests(self, query: Params, body: Document) -> list[Document]:
        del body
        last = query.one("last")
        if last is not None and not (last.isdecimal() and last.isascii()):
            raise ControlError("last must be a whole number")
        return self._journal.documents(query.one("operation"), int(last) if last else None)

    def _forget(self, query: Params, body: Document) -> Document:
        del query, body
        self._journal.clear()
        self._throttle.reset()
        return {"requests": 0}

    def _clock(self) -> Document:
        clock = self._world.clock
        return {"now": iso(clock.now()), "frozen": clock.frozen}

    def _set_clock(self, query: Params, body: Document) -> Document:
        del query
        unknown = set(body) - {"now", "advance", "frozen"}
        if unknown or not body:
            raise ControlError(
                'the clock takes {"advance": "10m"}, {"now": "2026-01-31T09:00:00Z"} and {"frozen": true}'
            )
        clock = self._world.clock
        now = parse_instant(body["now"]) if "now" in body else None
        advance = parse_duration(body["advance"]) if "advance" in body else 0
        if advance < 0:
            raise ControlError("the clock cannot be advanced backwards; set it with now")
        if "frozen" in body:
            clock.freeze(bool(body["frozen"]))
        if now is not None:
            clock.set(now)
        if advance:
            clock.set(clock.now() + advance)
        self._world.save_clock()
        settle(self._world)
        return self._clock()

    def _set_faults(self, query: Params, body: Document) -> Document:
        del query
        rules = body.get("rules")
        if not isinstance(rules, list) or set(body) != {"rules"}:
            raise ControlError(
                'faults take {"rules": [{"kind": "status", "operation": "createCall", "status": 503}]}'
            )
        self._faults.replace(rules)
        return {"rules": self._faults.documents()}

    def _switches(self) -> Document:
        switches = self._world.switches
        return {name: getattr(switches, name) for name in type(switches).__dataclass_fields__}

    def _set_switches(self, query: Params, body: Document) -> Document:
        del query
        self._world.switch(body)
        return self._switches()

    def _snapshot(self, query: Params, body: Document) -> Document:
        del body
        return snapshot(self._world, self._journal, self._faults, self._throttle, query.one("have"))

    def _stats(self) -> Document:
        return {
            "requests": self._journal.requests,
            "by_operation": dict(sorted(self._journal.by_operation.items())),
            "max_in_flight": self._throttle.highest,
            "max_in_flight_by_account": dict(sorted(self._throttle.highest_by_account.items())),
            "max_writes_in_flight_by_account": dict(sorted(self._throttle.highest_writes_by_account.items())),
            "throttled": self._throttle.refused,
        }


def _document(body: bytes) -> Document:
    if not body.strip():
        return {}
    try:
        document = json.loads(body)
    except ValueError as error:
        raise ControlError(f"the body is not JSON: {error}") from None
    if not isinstance(document, dict):
        raise ControlError("the body must be a JSON object")
    return document
