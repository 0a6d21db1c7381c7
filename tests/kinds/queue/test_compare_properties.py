"""Whatever was declared, recorded and live: the plan can be carried out in its order, in a service that takes
names of another case for the same and in one that does not."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from tests.kinds.queue.test_compare import attributes, live, planned, recorded
from voiceform.engine.order import in_order, requirements
from voiceform.engine.planner import with_earlier_keys
from voiceform.model.address import Address
from voiceform.model.names import identity
from voiceform.model.plan import Action
from voiceform.model.resource import Desired
from voiceform.model.safety import Ownership

KEYS = ["a", "A", "b", "B", "c"]
NAMES = ["Support", "SUPPORT", "Café", "Cafe\u0301", "Sales", "sales", "Night"]

wanted = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(NAMES)),
    unique_by=(lambda row: row[0], lambda row: identity(row[1])),
    max_size=4,
)
known = st.lists(
    st.tuples(st.sampled_from(KEYS), st.sampled_from(NAMES), st.booleans(), st.booleans()),
    unique_by=(lambda row: row[0], lambda row: identity(row[1])),
    max_size=4,
)
"""Key, name, whether it is protected, and whether it is live."""


@given(wanted=wanted, known=known, exclusive=st.booleans(), stranger=st.sampled_from([None, *NAMES]))
def test_every_plan_that_is_not_blocked_can_be_carried_out(
    wanted: list[tuple[str, str]],
    known: list[tuple[str, str, bool, bool]],
    exclusive: bool,
    stranger: str | None,
) -> None:
    records = [
        recorded(key, f"QU{number}", name, protect=protect)
        for number, (key, name, protect, _) in enumerate(known)
    ]
    account = [live(f"QU{number}", name) for number, (_, name, _, is_live) in enumerate(known) if is_live]
    if stranger is not None:
        assume(identity(stranger) not in {identity(queue.name) for queue in account})
        account.append(live("QUstranger", stranger))
    desired = with_earlier_keys(
        {Address("queue", key): Desired(Address("queue", key), attributes(name)) for key, name in wanted},
        {record.address: record for record in records},
    )
    result = planned(
        list(desired.values()), records, account, Ownership.EXCLUSIVE if exclusive else Ownership.RECORDED
    )
    by_sid = {queue.sid: queue for queue in account}
    protected = {record.sid for record in records if record.protect} & by_sid.keys()
    deleted = {change.sid for change in result.changes if change.operations == ("deleteQueue",)}
    assert not deleted & protected or "protect" in {blocked.rule for blocked in result.blocked}
    assert len({change.address for change in result.changes}) == len(result.changes)
    sids = [change.sid for change in result.changes if change.sid is not None]
    assert len(set(sids)) == len(sids), "one object, one change"
    if result.blocked:
        return

    names = {queue.sid: queue.name for queue in account}
    dependencies = {record.address: record.depends_on for record in records}
    ordered = in_order(result.changes, requirements(result.changes, dependencies), {"queue": 10})
    near = {identity(name) for sid, name in names.items() if sid == "QUstranger" and not exclusive}
    for change in ordered:
        if change.action is Action.DELETE:
            names.pop(change.sid or "", None)
        elif change.operations and change.after is not None:
            sid = change.sid or str(change.address)
            others = {identity(name) for other, name in names.items() if other != sid}
            name = identity(change.after["friendly_name"])
            assert name not in others or name in near, f"{change.address} takes a name that is not free"
            names[sid] = change.after["friendly_name"]
    assert {name for key, name in wanted} <= set(names.values())
    if exclusive:
        assert sorted(name for _, name in wanted) == sorted(names.values())
