"""Live rooms as the account shows them, with what we remember of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from voiceform.kinds.base import RefreshContext
from voiceform.kinds.conference.labels import labels_of
from voiceform.kinds.conference.memory import Memory, memory_key, merged, read_memories
from voiceform.kinds.records import match_records
from voiceform.model.address import Address
from voiceform.model.resource import Desired
from voiceform.twilio.errors import NotFoundError, ProtocolError
from voiceform.twilio.paging import Unreadable
from voiceform.twilio.resources import Conference, Participant

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

TASK = "reading conferences"
LIVE_STATUSES = ("in-progress", "init")
"""`init` is a room in which people wait for it to begin."""
ROOM_OVER = "completed"
CALL_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled", "gone"})
"""Every other status of a call, known to us or not, may be of one that goes on."""
_GONE = frozenset({"complete", "failed"})
_MOST_NAMES = 8
_AT_ONCE = 8
"""Up to so many names are asked for one by one; more are picked out of the list of all live rooms."""


@dataclass(frozen=True, slots=True)
class Room:
    """One live conference and who is in it or on the way to it."""

    sid: str
    name: str
    status: str
    region: str | None
    created: datetime | None
    people: tuple[Participant, ...] = ()

    def person(self, labels: Sequence[str], call_sid: str | None = None) -> Participant | None:
        """The participant under any of these labels, or with that call; a label decides first."""
        labelled = next((person for person in self.people if person.label in labels), None)
        return labelled or next((person for person in self.people if person.call_sid == call_sid), None)


@dataclass(frozen=True, slots=True)
class LiveConferences:
    """Live rooms by name (more than one of a name is somebody's problem), our memories by address, and the
    status of the remembered calls that no room shows. `unreadable` are names of which a room, or somebody in
    it, cannot be read, and why; "" stands for a room whose name cannot be told.
    """

    rooms: Mapping[str, tuple[Room, ...]] = field(default_factory=dict)
    memories: Mapping[Address, Memory] = field(default_factory=dict)
    calls: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)

    def why_unreadable(self, name: str) -> str | None:
        """Why nobody can tell about the rooms of a name; None where they were read."""
        return self.unreadable.get(name) or self.unreadable.get("")


def read_live(context: RefreshContext) -> LiveConferences:
    """Read the rooms of every declared and recorded name, and the calls that we placed and cannot see."""
    declared = [desired.attributes for desired in context.desired.values()]
    recorded = [record.attributes for record in context.recorded.values()]
    names: set[str] = {attributes["friendly_name"] for attributes in (*declared, *recorded)}
    progress = context.progress
    progress.start(TASK)
    unreadable: dict[str, str] = {}
    rooms = read_rooms(context.client, names, unreadable)
    progress.advance(TASK, sum(map(len, rooms.values())))
    known = read_memories(context.store) if context.desired else {}
    memories = {
        address: merged(known.get(memory_key(name)) for name in (address, *desired.aliases))
        for address, desired in context.desired.items()
    }
    rooms = _with_missed_rooms(context, memories, rooms, unreadable)
    rooms = _with_missed_people(context, memories, rooms, unreadable)
    calls = _read_calls(context, memories, rooms)
    progress.finish(TASK)
    return LiveConferences(rooms, memories, calls, unreadable)


def _with_missed_rooms(
    context: RefreshContext,
    memories: Mapping[Address, Memory],
    rooms: Mapping[str, tuple[Room, ...]],
    unreadable: dict[str, str],
) -> dict[str, tuple[Room, ...]]:
    """`rooms` with those that we were in and that no list shows, unless Twilio says that they are over.

    Only of conferences whose participants may be phoned: to them the absence of a room would be a reason.
    """
    listed = {room.sid for found in rooms.values() for room in found}
    records = match_records(context.desired, context.recorded).records
    names: dict[str, str] = {}
    for address, desired in context.desired.items():
        name = desired.attributes["friendly_name"]
        if _may_phone(desired, rooms.get(name, ())):
            record = records.get(address)
            known = {attempt.room for attempt in memories[address].attempts.values()}
            known |= {record.sid} if record is not None else set()
            names.update((sid, name) for sid in known - listed if sid is not None)

    def look(sid: str) -> Room | None:
        try:
            try:
                conference = context.client.fetch_conference(sid)
            except NotFoundError:
                return None
            over = conference.status == ROOM_OVER or conference.friendly_name != names[sid]
            return None if over else read_people(context.client, conference)
        except ProtocolError as error:
            unreadable[names[sid]] = error.what
            return None

    with context.client.runtime.pool(_AT_ONCE) as pool:
        missed = [room for room in pool.map(look, sorted(names)) if room is not None]
    found = dict(rooms)
    for room in missed:
        found[room.name] = (*found.get(room.name, ()), room)
    return found


def _may_phone(desired: Desired, rooms: Sequence[Room]) -> bool:
    wanted = desired.attributes
    return bool(wanted["participants"] and wanted["status"] == "open" and (rooms or wanted["start"]))


def _with_missed_people(
    context: RefreshContext,
    memories: Mapping[Address, Memory],
    rooms: Mapping[str, tuple[Room, ...]],
    unreadable: dict[str, str],
) -> dict[str, tuple[Room, ...]]:
    """`rooms` with those declared participants whom the list of the room misses."""
    found = dict(rooms)
    records = match_records(context.desired, context.recorded).records
    for address, desired in context.desired.items():
        name = desired.attributes["friendly_name"]
        if _may_phone(desired, rooms.get(name, ())):
            labels = [
                labels_of(desired, records.get(address), memories[address], key)
                for key in desired.attributes["participants"]
            ]
            try:
                found[name] = tuple(with_missed(context.client, room, labels) for room in found.get(name, ()))
            except ProtocolError as error:
                unreadable[name] = error.what
    return found


def with_missed(client: Client, room: Room, people: Iterable[Sequence[str]]) -> Room:
    """`room` with those whom its list misses of `people`, each known by any of several labels.

    Who is not in a list may be in the room all the same, and would be phoned again; so each label is asked
    for, and only Twilio's own 404 means that nobody has it.
    """
    wanted = [label for labels in people if room.person(labels) is None for label in labels]
    with client.runtime.pool(_AT_ONCE) as pool:
        asked = pool.map(lambda label: labelled(client, room.sid, label), wanted)
        found = [person for person in asked if person is not None and person.status not in _GONE]
    people = {person.call_sid: person for person in (*room.people, *found)}
    return replace(room, people=tuple(people.values()))


def labelled(client: Client, room: str, label: str) -> Participant | None:
    """Who has the label in a room; None when Twilio itself says that nobody has."""
    try:
        # The published description of the API has no label: an answer may lack it.
        return replace(client.fetch_participant(room, label), label=label)
    except NotFoundError:
        return None


def read_rooms(
    client: Client, names: Iterable[str], unreadable: dict[str, str] | None = None
) -> dict[str, tuple[Room, ...]]:
    """The live rooms of these names with their participants; names without a room are left out.

    Rooms that cannot be read are left out too, and `unreadable` is told why (see LiveConferences); without it
    they are a ProtocolError.
    """
    wanted = set(names)
    asked = sorted(wanted) if len(wanted) <= _MOST_NAMES else (None,)
    found: dict[str, dict[str, Room]] = {}
    for name in asked:
        for status in LIVE_STATUSES:
            lost = None if unreadable is None else Unreadable()
            for conference in client.list_conferences(friendly_name=name, status=status, unreadable=lost):
                # The service ignores filters that it does not know, and what is found here may be ended.
                if conference.friendly_name not in wanted or conference.status not in LIVE_STATUSES:
                    continue
                try:
                    room = read_people(client, conference)
                except ProtocolError as error:
                    if unreadable is None:
                        raise
                    unreadable[conference.friendly_name] = error.what
                else:
                    found.setdefault(room.name, {})[room.sid] = room
            if unreadable is not None and lost is not None and lost.count:
                unreadable[name or ""] = lost.reason
    return {name: tuple(rooms.values()) for name, rooms in found.items()}


def read_people(client: Client, conference: Conference) -> Room:
    """A conference with its participants, without those who have left."""
    people = client.list_participants(conference.sid)
    return Room(
        sid=conference.sid,
        name=conference.friendly_name,
        status=conference.status,
        region=conference.region,
        created=conference.date_created,
        people=tuple(person for person in people if person.status not in _GONE),
    )


def _read_calls(
    context: RefreshContext, memories: Mapping[Address, Memory], rooms: Mapping[str, tuple[Room, ...]]
) -> dict[str, str]:
    """What became of the calls that we placed and that no room shows: the list of participants does not hold
    a call that is still in Twilio's queue. Calls for rooms that are over matter to nobody.
    """
    shown = {person.call_sid for found in rooms.values() for room in found for person in room.people}
    wanted: set[str] = set()
    for address, desired in context.desired.items():
        live = {room.sid for room in rooms.get(desired.attributes["friendly_name"], ())}
        wanted.update(
            attempt.call_sid
            for attempt in memories[address].attempts.values()
            if attempt.call_sid is not None
            and (attempt.room in live or (not live and desired.attributes["start"]))
        )
    return {sid: call_status(context.client, sid) for sid in sorted(wanted - shown)}


def call_status(client: Client, sid: str) -> str:
    """The status of a call; `gone` when there is no such call (any more)."""
    try:
        return client.fetch_call(sid).status
    except NotFoundError:
        return "gone"
