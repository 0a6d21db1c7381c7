"""`queues:` in the configuration -> desired queues."""

from __future__ import annotations

from voiceform.kinds.base import ParseContext
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position, Severity
from voiceform.model.document import Block
from voiceform.model.names import difference, identity, looks, spelled_out
from voiceform.model.resource import Desired

DEFAULT_MAX_SIZE = 1000
"""Always sent: the API's own default was 100 for years and is 1000 now."""


def parse(section: Block, context: ParseContext) -> list[Desired]:
    """Desired queues in source order; names that would collide in the account are reported."""
    queues = [_queue(key, block or Block(), section.key_position(key)) for key, block in section.items()]
    _report_collisions(queues, context)
    for queue in queues:
        name = queue.attributes["friendly_name"]
        if name != name.strip():
            context.report(
                Diagnostic(
                    "queue-name-space",
                    f"the name {name!r} begins or ends with white space",
                    queue.position,
                    hint="remove it: TwiML that names this queue would hardly match",
                    address=str(queue.address),
                )
            )
    return queues


def _queue(key: str, block: Block, position: Position) -> Desired:
    return Desired(
        address=Address("queue", key),
        attributes={
            "friendly_name": block.get("friendly_name", key),
            "max_size": block.get("max_size", DEFAULT_MAX_SIZE),
        },
        position=position,
        protect=block.get("protect", False),
        aliases=tuple(Address("queue", alias) for alias in block.get("aliases", ())),
    )


def _report_collisions(queues: list[Desired], context: ParseContext) -> None:
    """Names are unique in an account; whether case counts there is not documented, so here it does not."""
    seen: dict[str, Desired] = {}
    alike: dict[str, Desired] = {}
    for queue in queues:
        name = queue.attributes["friendly_name"]
        first = seen.setdefault(identity(name), queue)
        if first is not queue:
            context.report(_same_name(queue, first))
            continue
        seen_as = looks(name)
        near = [alike[look] for look in seen_as if look in alike]
        if near:
            context.report(_like_name(queue, near[0]))
        alike.update(dict.fromkeys(seen_as, queue))


def _same_name(queue: Desired, first: Desired) -> Diagnostic:
    name, other = queue.attributes["friendly_name"], first.attributes["friendly_name"]
    how = "the same name" if name == other else f"a name that differs only in {difference(name, other)}"
    return Diagnostic(
        "queue-name-taken",
        f"{how}, {name!r}, is declared by {first.address} at {first.position}",
        queue.position,
        hint="queue names are unique in an account: set another friendly_name",
        address=str(queue.address),
    )


def _like_name(queue: Desired, first: Desired) -> Diagnostic:
    name, other = queue.attributes["friendly_name"], first.attributes["friendly_name"]
    return Diagnostic(
        "queue-name-alike",
        f"the name {spelled_out(name)} differs only in {difference(name, other)} from {spelled_out(other)},"
        f" which {first.address} has",
        queue.position,
        Severity.WARNING,
        hint="callers and colleagues will take one for the other: choose another friendly_name",
        address=str(queue.address),
    )
