"""Requests and responses as the rules see them: no sockets, no ASGI."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes

import msgspec


class Params(dict[str, list[str]]):
    """Form or query parameters: case-sensitive names, repeated keys kept in order."""

    @classmethod
    def parse(cls, text: str) -> Params:
        """Read ``application/x-www-form-urlencoded`` text; empty values are values."""
        params = cls()
        for pair in text.split("&") if text else ():
            name, _, value = pair.partition("=")
            if pair:
                params.setdefault(_decoded(name), []).append(_decoded(value))
        return params

    def one(self, name: str) -> str | None:
        """The value of a parameter that is used once (the last one wins), or None."""
        values = self.get(name)
        return values[-1] if values else None

    def flat(self) -> dict[str, object]:
        """For the request log: a text, or a list of texts where a key was repeated."""
        return {name: values[0] if len(values) == 1 else values for name, values in self.items()}


def _decoded(text: str) -> str:
    """A name or a value; most have nothing to decode. The same as `unquote_plus` for half of its cost."""
    if "%" not in text and "+" not in text:
        return text
    return unquote_to_bytes(text.replace("+", " ")).decode("utf-8", "replace")


@dataclass(slots=True)
class Request:
    """An API request that has been routed. ``ids`` are the variable path segments, decoded."""

    method: str
    path: str
    account: str
    ids: tuple[str, ...]
    suffix: str
    query: Params
    form: Params


@dataclass(slots=True)
class Response:
    """What goes back. ``headers`` come on top of those that every answer carries."""

    status: int
    body: bytes = b""
    content_type: bytes = b"application/json"
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)


def json_response(status: int, document: object) -> Response:
    """A JSON answer."""
    return Response(status, msgspec.json.encode(document))


def no_content() -> Response:
    """204, as every deletion answers."""
    return Response(204)
