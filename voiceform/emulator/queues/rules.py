"""What may be done with queues."""

# ruff: noqa: S608 - only names of our own tables and columns are put into SQL; values are always bound.

from __future__ import annotations

from voiceform.emulator.errors import ApiError, bad_request
from voiceform.emulator.messages import Params
from voiceform.emulator.params import integer
from voiceform.emulator.store import Row
from voiceform.emulator.world import World

NAME_LENGTH = 64
MAX_SIZE = 5000
#: The columns of a call that waits which are shown.
MEMBER = "seq, sid, queue_sid, enqueued"


def create(world: World, account: str, params: Params) -> str:
    """Create a queue; the new SID. Raises 20002 (name) and 22003 (name in use)."""
    name = params.one("FriendlyName")
    if name is None:
        raise bad_request(20002, "FriendlyName is required")
    check_name(world, account, name)
    size = max_size(world, params)
    return insert(world, account, name, world.switches.default_max_size if size is None else size)


def insert(world: World, account: str, name: str, size: int) -> str:
    """Add a queue without asking; also how ``<Enqueue>`` makes one."""
    sid = world.sid("QU")
    world.store.insert(
        "queues",
        sid=sid,
        account=account,
        created=world.now,
        updated=world.now,
        friendly_name=name,
        max_size=size,
    )
    return sid


def update(world: World, account: str, queue: Row, params: Params) -> None:
    """Change name and size; what is absent stays. A size below the present length is allowed."""
    name = params.one("FriendlyName")
    if name is not None and name != queue["friendly_name"]:
        check_name(world, account, name, but=queue["sid"])
    size = max_size(world, params)
    world.store.update(
        "queues",
        queue["sid"],
        friendly_name=queue["friendly_name"] if name is None else name,
        max_size=queue["max_size"] if size is None else size,
        updated=world.now,
    )


def delete(world: World, queue: Row) -> None:
    """Delete an empty queue. The error for one with callers in it is not documented (see ``Switches``)."""
    if queue["current_size"] > 0:
        raise ApiError(
            world.switches.queue_not_empty_status,
            world.switches.queue_not_empty_code,
            f"Queue {queue['sid']} is not empty: {queue['current_size']} calls are waiting. "
            "Only empty queues can be deleted",
        )
    world.store.run("DELETE FROM queues WHERE sid = ?", queue["sid"])


def member(world: World, queue: str, which: str) -> Row | None:
    """The `MEMBER` columns of the call of this SID if it waits in the queue, or the first one for `Front`."""
    waiting = f"SELECT {MEMBER} FROM calls WHERE queue_sid = ?"
    if which == "Front":
        return world.store.one(f"{waiting} ORDER BY enqueued, seq LIMIT 1", queue)
    return world.store.one(f"{waiting} AND sid = ?", queue, which)


def by_name(world: World, account: str, name: str) -> Row | None:
    """The queue of this name."""
    # The index ignores case; a second comparison decides where case counts.
    fold = int(world.switches.queue_names_fold_case)
    return world.store.one(
        "SELECT * FROM queues WHERE account IN (?1, '') AND friendly_name = ?2 COLLATE NOCASE "
        "AND (?3 OR friendly_name = ?2) LIMIT 1",
        account,
        name,
        fold,
    )


def check_name(world: World, account: str, name: str, but: str = "") -> None:
    """A name has 1 to 64 characters and is used once in the account (20002, 22003)."""
    if not 1 <= len(name) <= NAME_LENGTH:
        raise bad_request(20002, f"Invalid FriendlyName: must have 1 to {NAME_LENGTH} characters")
    other = by_name(world, account, name)
    if other is not None and other["sid"] != but:
        raise bad_request(22003, f"A queue with the name {name} already exists")


def max_size(world: World, params: Params) -> int | None:
    """The size that was asked for, 1 to 5000."""
    return integer(params, "MaxSize", 1, MAX_SIZE, world.switches.invalid_max_size_code)
