"""The section `queues`."""

from __future__ import annotations

from schemas.source.blocks import Section, block, defined, entries, notes
from schemas.source.values import Node, text, whole


def section() -> Section:
    """Call queues by name."""
    return Section(
        keys={
            "queues": entries(
                "Queues",
                "Call queues by name. The name is the second part of the address: queue.support.",
                "queue",
                examples=[{"support": {"friendly_name": "Support", "max_size": 200}}],
                merge="keys",
            )
        },
        definitions={"queue": _queue()},
    )


def _queue() -> Node:
    return block(
        "Queue",
        "One call queue.",
        {
            "friendly_name": text(
                "Name in the account",
                "What <Enqueue> calls the queue; unique in the account. The default is the key.",
                longest=64,
                examples=["Support"],
                public=True,
            ),
            "max_size": whole(
                "Size",
                "The most callers that may wait; further callers are turned away.",
                1,
                5000,
                default=1000,
                examples=[200],
            ),
            **notes(),
            "protect": defined("protect"),
            "aliases": defined("aliases"),
        },
        null=True,
        default={},
        examples=[{"friendly_name": "Support", "max_size": 200, "protect": True, "aliases": ["helpdesk"]}],
    )
