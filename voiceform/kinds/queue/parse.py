"""`queues:` in the configuration -> desired queues."""

from __future__ import annotations

from voiceform.kinds.kind import ParseContext
from voiceform.kinds.namesakes import report_namesakes
from voiceform.kinds.notes import notes_of
from voiceform.model.address import Address
from voiceform.model.diagnostics import Diagnostic, Position
from voiceform.model.document import Block
from voiceform.model.resource import Desired

DEFAULT_MAX_SIZE = 1000
"""Always sent: the API's own default was 100 for years and is 1000 now."""


def parse(section: Block, context: ParseContext) -> list[Desired]:
    """Desired queues in source order; names that would collide in the account are reported."""
    queues = [_queue(key, block or Block(), section.key_position(key)) for key, block in section.items()]
    report_namesakes(
        queues,
        context.report,
        taken="queue names are unique in an account: set another friendly_name",
        alike="callers and colleagues will take one for the other: choose another friendly_name",
    )
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
        notes=notes_of(block),
        aliases=tuple([Address("queue", alias) for alias in block["aliases"]]) if "aliases" in block else (),
    )
