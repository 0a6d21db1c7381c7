"""Names that thousands of queues hand on to each other, which must not be followed again from each."""

from __future__ import annotations

from voiceform.kinds.queue.live import LiveQueues
from voiceform.kinds.queue.names import order_name_changes
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change
from voiceform.model.resource import Live

COUNT = 20_000


def queue_of(number: int) -> Live:
    name = f"name-{number}"
    return Live(sid=f"QU{number:032x}", name=name, attributes={"friendly_name": name})


def renaming(number: int, to: int) -> Change:
    return Change(
        address=Address("queue", f"q{number}"),
        action=Action.UPDATE,
        reason="",
        sid=f"QU{number:032x}",
        operations=("updateQueue",),
        before={"friendly_name": f"name-{number}"},
        after={"friendly_name": f"name-{to}"},
    )


def test_a_long_chain_is_ordered() -> None:
    live = LiveQueues(map(queue_of, range(COUNT)))
    changes, blocked = order_name_changes([renaming(n, n + 1) for n in range(COUNT)], live)
    assert blocked == []
    assert [change.depends_on for change in changes] == [
        *((Address("queue", f"q{n + 1}"),) for n in range(COUNT - 1)),
        (),
    ]


def test_each_pair_that_exchanges_its_names_is_blocked() -> None:
    live = LiveQueues(map(queue_of, range(COUNT)))
    changes, blocked = order_name_changes([renaming(n, n ^ 1) for n in range(COUNT)], live)
    assert len(blocked) == COUNT // 2
    assert {address for one in blocked for address in one.addresses} == {one.address for one in changes}
    assert all(not change.depends_on for change in changes)
