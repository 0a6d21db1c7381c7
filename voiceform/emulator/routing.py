"""Which handler answers which path: one dictionary look-up by the shape of the path.

``/2010-04-01/Accounts/{AC}/Conferences/{CF}/Participants.json`` has the shape ``("Conferences", "*",
"Participants")``. Operations are named as in the OpenAPI description.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import unquote

from voiceform.emulator.messages import Request, Response
from voiceform.emulator.queues import routes as queues
from voiceform.emulator.world import World

PREFIX = "/2010-04-01/Accounts/"
Handler = Callable[[World, Request], Response]
Shape = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """An operation and what carries it out."""

    operation: str
    handler: Handler


def _table(*routes: tuple[str, str, str, Handler]) -> Mapping[Shape, Mapping[str, Route]]:
    table: dict[Shape, dict[str, Route]] = {}
    for method, path, operation, handler in routes:
        table.setdefault(tuple(path.split("/")), {})[method] = Route(operation, handler)
    return MappingProxyType(table)


JSON_ROUTES = _table(
    ("GET", "Queues", "listQueues", queues.list_queues),
    ("POST", "Queues", "createQueue", queues.create_queue),
    ("GET", "Queues/*", "fetchQueue", queues.fetch_queue),
    ("POST", "Queues/*", "updateQueue", queues.update_queue),
    ("DELETE", "Queues/*", "deleteQueue", queues.delete_queue),
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a path leads. ``methods`` is empty for a resource that does not exist; ``suffix`` is ``json``,
    ``wav``, ...
    """

    account: str
    ids: tuple[str, ...]
    suffix: str
    methods: Mapping[str, Route]


NOWHERE: Mapping[str, Route] = MappingProxyType({})


def resolve(path: str) -> Target:
    """Split a path (percent-encoded, so that a name may contain a slash) into its account, its variables and
    its routes.
    """
    if not path.startswith(PREFIX):
        return Target("", (), "", NOWHERE)
    account, *segments = path[len(PREFIX) :].split("/")
    if not segments:
        return Target(unquote(account), (), "", NOWHERE)
    segments[-1], _, suffix = segments[-1].rpartition(".") if "." in segments[-1] else (segments[-1], "", "")
    shape = tuple("*" if index % 2 else segment for index, segment in enumerate(segments))
    ids = tuple(unquote(segment) for segment in segments[1::2])
    methods = JSON_ROUTES.get(shape, NOWHERE) if suffix == "json" else NOWHERE
    return Target(unquote(account), ids, suffix, methods)
