"""Which handler answers which path: one dictionary look-up by the shape of the path.

``/2010-04-01/Accounts/{AC}/Conferences/{CF}/Participants.json`` has the shape ``("Conferences", "*",
"Participants")``. Operations are named as in the OpenAPI description.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from urllib.parse import unquote

from voiceform.emulator.calls import routes as calls
from voiceform.emulator.conferences import routes as conferences
from voiceform.emulator.messages import Request, Response
from voiceform.emulator.participants import routes as participants
from voiceform.emulator.queues import routes as queues
from voiceform.emulator.recordings import routes as recordings
from voiceform.emulator.sids import is_sid
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
    ("GET", "Calls", "listCalls", calls.list_calls),
    ("POST", "Calls", "createCall", calls.create_call),
    ("GET", "Calls/*", "fetchCall", calls.fetch_call),
    ("POST", "Calls/*", "updateCall", calls.update_call),
    ("DELETE", "Calls/*", "deleteCall", calls.delete_call),
    ("GET", "Calls/*/Recordings", "listCallRecordings", recordings.list_call_recordings),
    ("POST", "Calls/*/Recordings", "createCallRecording", recordings.create_call_recording),
    ("GET", "Recordings", "listRecordings", recordings.list_recordings),
    ("GET", "Recordings/*", "fetchRecording", recordings.fetch_recording),
    ("DELETE", "Recordings/*", "deleteRecording", recordings.delete_recording),
    ("GET", "Conferences", "listConferences", conferences.list_conferences),
    ("GET", "Conferences/*", "fetchConference", conferences.fetch_conference),
    ("POST", "Conferences/*", "updateConference", conferences.update_conference),
    ("GET", "Conferences/*/Recordings", "listConferenceRecordings", recordings.list_conference_recordings),
    ("GET", "Conferences/*/Participants", "listParticipants", participants.list_participants),
    ("POST", "Conferences/*/Participants", "createParticipant", participants.create_participant),
    ("GET", "Conferences/*/Participants/*", "fetchParticipant", participants.fetch_participant),
    ("POST", "Conferences/*/Participants/*", "updateParticipant", participants.update_participant),
    ("DELETE", "Conferences/*/Participants/*", "deleteParticipant", participants.delete_participant),
    ("GET", "Queues", "listQueues", queues.list_queues),
    ("POST", "Queues", "createQueue", queues.create_queue),
    ("GET", "Queues/*", "fetchQueue", queues.fetch_queue),
    ("POST", "Queues/*", "updateQueue", queues.update_queue),
    ("DELETE", "Queues/*", "deleteQueue", queues.delete_queue),
    ("GET", "Queues/*/Members", "listMembers", queues.list_members),
    ("GET", "Queues/*/Members/*", "fetchMember", queues.fetch_member),
)

#: The audio of a recording has no ``.json``.
MEDIA_ROUTES = _table(("GET", "Recordings/*", "fetchRecordingMedia", recordings.fetch_media))
MEDIA_SUFFIXES = ("", "wav", "mp3")
#: The names of all operations, sorted.
OPERATIONS = tuple(
    sorted(
        route.operation
        for table in (JSON_ROUTES, MEDIA_ROUTES)
        for methods in table.values()
        for route in methods.values()
    )
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a path leads. ``methods`` is empty for a resource that does not exist; ``suffix`` is ``json``,
    ``wav``, ...; an account that is none is not ``real``.
    """

    account: str
    real: bool
    ids: tuple[str, ...]
    suffix: str
    methods: Mapping[str, Route]


NOWHERE: Mapping[str, Route] = MappingProxyType({})


@lru_cache(maxsize=1024)
def resolve(path: str) -> Target:
    """Split a path (percent-encoded, so that a name may contain a slash) into its account, its variables and
    its routes. Lists and what is created are asked for again and again.
    """
    if not path.startswith(PREFIX):
        return Target("", False, (), "", NOWHERE)
    first, *segments = path[len(PREFIX) :].split("/")
    account = unquote(first)
    real = is_sid(account, "AC")
    if not segments:
        return Target(account, real, (), "", NOWHERE)
    stem, dot, suffix = segments[-1].rpartition(".")
    segments[-1], suffix = (stem, suffix) if dot else (segments[-1], "")
    shape = tuple("*" if index % 2 else segment for index, segment in enumerate(segments))
    ids = tuple(unquote(segment) for segment in segments[1::2])
    table = JSON_ROUTES if suffix == "json" else MEDIA_ROUTES if suffix in MEDIA_SUFFIXES else {}
    return Target(account, real, ids, suffix, table.get(shape, NOWHERE))
