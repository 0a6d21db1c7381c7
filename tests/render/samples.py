"""Plans that the tests of every renderer show, small and large."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.declared import VOCABULARY
from voiceform.model.address import Address
from voiceform.model.plan import (
    Action,
    Blocked,
    Change,
    ConfigSource,
    Drift,
    DriftStatus,
    FieldChange,
    Mode,
    Plan,
    StateVersion,
    Summary,
    Unmanaged,
)
from voiceform.model.run import Outcome, RunReport, Status

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NUMBER = "+15558675310"
MASKED = "+1•••••5310"
SECRET = "hunter2"


def change(address: str, action: Action, **members: Any) -> Change:
    """A change with a reason, and what else is given."""
    return Change(**{"address": Address.parse(address), "action": action, "reason": "declared", **members})


CREATE = change(
    "queue.support",
    Action.CREATE,
    after={"friendly_name": "Support", "max_size": 200},
    operations=("createQueue",),
)
UPDATE = change(
    "queue.sales",
    Action.UPDATE,
    reason="differs",
    sid="QU" + "1" * 32,
    before={"max_size": 100},
    after={"max_size": 200},
    fields=(FieldChange("max_size", 100, 200),),
    operations=("updateQueue",),
    impact=("12 callers are waiting (average 95 s)",),
)
DELETE = change(
    "queue.old",
    Action.DELETE,
    reason="not-declared",
    sid="QU" + "2" * 32,
    before={"friendly_name": "Old", "max_size": 100},
    operations=("deleteQueue",),
    counts={"delete:queue": 1},
    impact=("3 callers are waiting; the API refuses to delete a queue that is not empty",),
)
CALLS = change(
    "call.reminder",
    Action.CREATE,
    reason="due",
    after={"to": [NUMBER], "from": "+15017122661", "sip_auth_password": SECRET},
    operations=("createCall",),
    counts={"call": 12},
    details={"occurrences": [{"to": NUMBER}]},
)
RECORDINGS = change(
    "retention.everything-else",
    Action.DELETE,
    reason="older than 90 days",
    operations=("deleteRecording",),
    counts={"delete:recording": 4000},
)
NO_OP = change("queue.same", Action.NO_OP, reason="unchanged", before={"a": 1}, after={"a": 1})
DRIFT = (
    Drift(
        Address("queue", "moved"),
        DriftStatus.CHANGED,
        "QU" + "3" * 32,
        {"max_size": 5},
        {"max_size": 6},
        (FieldChange("max_size", 5, 6),),
        "changed in the Console",
    ),
    Drift(Address("queue", "lost"), DriftStatus.GONE, "QU" + "4" * 32, {"max_size": 5}, None),
)
BLOCKED = Blocked(
    "max_deletes",
    "12 queues would be deleted; safety.max_deletes allows 5",
    "check the plan; if it is meant, approve it: --approve delete:queue=12",
    (Address("queue", "old"),),
    "delete:queue",
    12,
    "5",
)


def plan(*changes: Change, **members: Any) -> Plan:
    """A plan of those changes."""
    actions = [item.action for item in changes]
    base = Plan(
        plan_id="7f3a",
        created_at=NOW,
        account_sid="AC" + "0" * 32,
        config=ConfigSource("sha256:" + "a" * 64, ("voiceform.yaml",)),
        state=StateVersion("lineage", 3),
        mode=Mode.NORMAL,
        complete=True,
        summary=Summary(
            actions.count(Action.CREATE),
            actions.count(Action.UPDATE),
            actions.count(Action.DELETE),
            actions.count(Action.NO_OP),
            {
                "calls": sum(item.counts.get("call", 0) for item in changes),
                "recordings": sum(item.counts.get("delete:recording", 0) for item in changes),
            },
        ),
        changes=changes,
        vocabulary=VOCABULARY,
    )
    return replace(base, **members)


def full_plan() -> Plan:
    """One change of each sort, drift, unmanaged objects and a refusal."""
    return plan(
        CREATE, UPDATE, DELETE, CALLS, RECORDINGS, NO_OP,
        drift=DRIFT,
        unmanaged=(Unmanaged("queue", "QU" + "5" * 32, "enqueued"),),
        blocked=(BLOCKED,),
    )  # fmt: skip


def large_plan(count: int) -> Plan:
    """`count` changes: updates, with a deletion at every hundredth place, at the end of the plan too."""
    items = []
    for number in range(count):
        if number % 100 == 99:
            items.append(replace(DELETE, address=Address("queue", f"old-{number}")))
        else:
            items.append(replace(UPDATE, address=Address("queue", f"q-{number}"), sid=f"QU{number:032x}"))
    return plan(*items)


def outcome(address: str, action: Action, status: Status, **members: Any) -> Outcome:
    """The end of one change."""
    return Outcome(Address.parse(address), action, status, **members)


def report(*outcomes: Outcome) -> RunReport:
    """A run of 72 seconds."""
    return RunReport("7f3a", NOW, NOW + timedelta(seconds=72), outcomes)
