"""Faults on demand: rules that spoil the next requests of an operation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal, get_args

from voiceform.emulator.errors import CODE_OF_STATUS, ApiError, ControlError
from voiceform.emulator.messages import Response, json_response

Kind = Literal[
    "status",
    "latency",
    "drop-before",
    "drop-after",
    "truncate",
    "garbage",
    "page",
    "foreign-404",
    "partial-media",
]
_FOREIGN = ("page", "foreign-404")
_HTML = b"text/html; charset=utf-8"
KINDS: tuple[str, ...] = get_args(Kind)
PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
NOT_FOUND_PAGE = (
    b"<html>\r\n<head><title>404 Not Found</title></head>\r\n"
    b"<body>\r\n<center><h1>404 Not Found</h1></center>\r\n"
    b"<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
GARBAGE = b"<!DOCTYPE html><html><head><title>Oops</title></head><body><h1>Bad gateway</h1></body></html>"


@dataclass(slots=True)
class Rule:
    """``times`` requests of ``operation`` (an operationId or ``*``) meet a fault, after ``delay_ms``.

    ``status`` answers that status without doing anything, or with ``after`` when everything is done.
    ``latency`` only waits. ``drop-before`` closes the connection with nothing done, ``drop-after`` with
    everything done and no answer. ``truncate`` does the work and cuts the answer in half; ``garbage`` answers
    an HTML page, with ``after: false`` instead of doing the work. ``page`` and ``foreign-404`` are what a
    proxy answers in the place of the service, which hears of nothing: a page for people with ``status`` (200
    when none is given), and nginx's 404; they carry none of the service's headers. ``partial-media`` answers
    the first half of a body with 206, and a length that fits the half. ``times`` null is for ever.
    """

    kind: str
    operation: str = "*"
    times: int | None = 1
    status: int | None = None
    code: int | None = None
    retry_after: float | None = None
    delay_ms: float = 0.0
    after: bool | None = None

    @property
    def acts(self) -> bool:
        """Whether the request is carried out."""
        if self.kind == "drop-before":
            return False
        if self.kind in ("status", "garbage", *_FOREIGN):
            return self.kind == "garbage" if self.after is None else self.after
        return True

    @property
    def foreign(self) -> bool:
        """Whether the answer is not the service's, and has none of its headers."""
        return self.kind in _FOREIGN

    def answer(self) -> Response | None:
        """What is sent instead of the real answer, or None where that one is sent, whole or in part."""
        if self.kind == "status":
            status = self.status or 500
            code = self.code or CODE_OF_STATUS.get(status, status * 100)
            response = json_response(status, ApiError(status, code, "A fault that was asked for").body())
        elif self.kind == "garbage":
            response = Response(self.status or 200, GARBAGE, _HTML)
        elif self.kind == "page":
            response = Response(self.status or 200, PAGE, _HTML)
        elif self.kind == "foreign-404":
            response = Response(404, NOT_FOUND_PAGE, b"text/html")
        else:
            return None
        if self.retry_after is not None:
            response.headers.append((b"Retry-After", f"{self.retry_after:g}".encode()))
        return response


class Faults:
    """The rules that are still to strike, in order."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def replace(self, documents: Sequence[object]) -> None:
        """Put these rules in the place of all others; raises ``ControlError`` that names the rule."""
        self._rules = [_rule(document, f"rules[{index}]") for index, document in enumerate(documents)]

    def documents(self) -> list[dict[str, object]]:
        """The rules as they stand; ``times`` counts what is left."""
        return [asdict(rule) for rule in self._rules]

    def strike(self, operation: str | None) -> Rule | None:
        """The first rule for this operation, one use of it spent."""
        for index, rule in enumerate(self._rules):
            if rule.operation in ("*", operation):
                if rule.times is not None:
                    rule.times -= 1
                    if rule.times <= 0:
                        del self._rules[index]
                return rule
        return None


_NUMBERS = {
    "times": (1, None),
    "status": (200, 599),
    "code": (0, None),
    "retry_after": (0, None),
    "delay_ms": (0, None),
}


def _rule(document: object, where: str) -> Rule:
    if not isinstance(document, dict):
        raise ControlError(f"{where}: must be an object")
    unknown = set(document) - set(Rule.__slots__)
    if unknown:
        raise ControlError(f"{where}: unknown {', '.join(sorted(map(str, unknown)))}")
    if document.get("kind") not in KINDS:
        raise ControlError(f"{where}.kind: must be one of {', '.join(KINDS)}")
    for name, (low, high) in _NUMBERS.items():
        value = document.get(name)
        if value is None:
            continue
        if (
            isinstance(value, bool)
            or not isinstance(value, int | float)
            or value < low
            or (high and value > high)
        ):
            raise ControlError(
                f"{where}.{name}: {value!r} is not a number from {low}" + (f" to {high}" if high else "")
            )
    given = {name: value for name, value in document.items() if value is not None or name == "times"}
    return Rule(**given)
