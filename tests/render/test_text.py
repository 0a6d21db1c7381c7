"""The text of plans and runs."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from rich.cells import cell_len

from tests.render import samples
from tests.render.samples import plan
from tests.render.strategies import plans, runs
from voiceform.engine.diff import field_changes
from voiceform.model.address import Address
from voiceform.model.plan import ADOPTED, UNREADABLE, Action, Change, FieldChange, Mode, Plan, Unmanaged
from voiceform.model.run import RunReport, Status
from voiceform.render.escape import visible
from voiceform.render.text import Detail, render_outcome, render_plan, render_run

ANSI = re.compile(r"\x1b\[[0-9;]*m")


def text(shown: Plan, *, show_numbers: bool = False, width: int = 100, **reading: Any) -> str:
    return render_plan(shown, color=False, width=width, show_numbers=show_numbers, **reading)


def test_whole_plan() -> None:
    assert (
        text(samples.full_plan())
        == """\
Objects changed outside of voiceform:

  queue.moved (QU33333333333333333333333333333333) has changed
      ~ max_size: 5 -> 6
      changed in the Console

  queue.lost (QU44444444444444444444444444444444) is gone

Changes:

  + create queue.support
      declared
      + friendly_name: "Support"
      + max_size: 200

  ~ update queue.sales (QU11111111111111111111111111111111)
      differs
      ~ max_size: 100 -> 200
      ! 12 callers are waiting (average 95 s)

  > create call.reminder, places 12 calls
      due
      + to: ["+1•••••5310"]
      + from: "+1•••••2661"
      + sip_auth_password: (sensitive)

  - delete queue.old (QU22222222222222222222222222222222)
      not declared
      - friendly_name: "Old"
      - max_size: 100
      ! 3 callers are waiting; the API refuses to delete a queue that is not empty

  - delete 4,000 recordings by retention.everything-else, the rule is removed
      older than 90 days

Neither declared nor recorded, left alone: 1 queue; --unmanaged lists them.

Blocked (max_deletes): 12 queues would be deleted; safety.max_deletes allows 5
  check the plan; if it is meant, approve it: --approve delete:queue=12
  concerns queue.old

Plan: 4,000 recordings to delete by 1 rule; 2 to create, 1 to update, 1 to delete, 12 calls to place.
"""
    )


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (Mode.NORMAL, "No changes. The account is as the configuration declares it.\n"),
        (Mode.REFRESH_ONLY, "No changes. Nothing was changed outside of voiceform.\n"),
    ],
)
def test_nothing_to_do(mode: Mode, said: str) -> None:
    assert text(plan(samples.NO_OP, mode=mode)) == said


def test_drift_alone_is_said() -> None:
    assert text(plan(drift=samples.DRIFT)).endswith(
        "\nNo changes to make; 2 objects changed outside of voiceform.\n"
    )


def test_incomplete_plan_says_so() -> None:
    assert "This plan is incomplete" in text(plan(samples.CREATE, complete=False))
    assert "incomplete" not in text(plan(samples.CREATE))


def test_numbers_only_on_request_and_secrets_never() -> None:
    shown = plan(samples.CALLS)
    assert samples.NUMBER not in text(shown)
    assert samples.NUMBER in text(shown, show_numbers=True)
    assert samples.SECRET not in text(shown, show_numbers=True)


def test_difference_that_masking_hides_is_said() -> None:
    moved = samples.change(
        "call.a",
        Action.UPDATE,
        operations=("x",),
        fields=(FieldChange("to", "+15558675310", "+15559995310"),),
    )
    assert '~ to: "+1•••••5310" -> "+1•••••5310" (they differ where it is masked)' in text(plan(moved))


def test_both_sides_of_a_secret_are_hidden() -> None:
    fields = (FieldChange("participants.a.sip_auth_password", "old-one", "new-one"),)
    shown = text(plan(replace(samples.UPDATE, fields=fields)))
    assert "old-one" not in shown
    assert "new-one" not in shown
    assert "participants.a.sip_auth_password: (sensitive) -> (sensitive)" in shown


def test_long_values_are_cut_but_never_where_they_differ() -> None:
    old, new = "x" * 3000 + "OLD" + "y" * 3000, "x" * 3000 + "NEW" + "y" * 3000
    shown = text(plan(replace(samples.UPDATE, fields=(FieldChange("twiml", old, new),))), width=0)
    (before,) = [line for line in shown.splitlines() if line.startswith("        - ")]
    (after,) = [line for line in shown.splitlines() if line.startswith("        + ")]
    assert "OLD" in before
    assert "NEW" in after
    assert len(before) < 200


def test_recorded_state_only_and_earlier_address() -> None:
    renamed = samples.change(
        "queue.b", Action.UPDATE, sid="QU1", previous_address=Address("queue", "a"), before={}, after={}
    )
    assert "~ update queue.b (QU1), was queue.a, nothing is sent" in text(plan(renamed))


def test_unmanaged_objects_are_counted_or_listed_and_unreadable_ones_are_told() -> None:
    strangers = tuple(Unmanaged("queue", f"QU{n}", f"n{n}") for n in range(25))
    unreadable = Unmanaged("queue", UNREADABLE, "2 of the account's queues cannot be read: why")
    shown = text(plan(unmanaged=(*strangers, unreadable)))
    assert "left alone: 25 queues; --unmanaged lists them.\n" in shown
    assert '"n1"' not in shown
    assert "2 of the account's queues cannot be read: why" in shown
    listed = text(plan(unmanaged=(*strangers, unreadable)), unmanaged=True)
    assert listed.count("(QU") == 25
    assert "cannot be read: why" in listed
    assert "2 of the account's" in text(plan(unmanaged=(unreadable,)))


def resized(number: int, before: int = 100) -> Change:
    return samples.change(
        f"queue.q{number}",
        Action.UPDATE,
        reason="differs",
        before={"max_size": before},
        after={"max_size": 200},
        fields=(FieldChange("max_size", before, 200),),
        operations=("updateQueue",),
    )


@pytest.mark.parametrize(("count", "shown"), [(20, 20), (21, 10), (1_500, 10)])
def test_of_many_changes_of_one_shape_the_first_are_shown(count: int, shown: int) -> None:
    many = plan(*(resized(number, number + 1) for number in range(count)), samples.CREATE, samples.DELETE)
    said = text(many)
    assert said.count("~ update queue.q") == shown
    assert (f"... and {count - shown:,} more like this: -v shows all" in said) == (shown < count)
    assert said.index("~ update queue.q0") < said.index("- delete queue.old")
    assert text(many, detail=Detail.FULL).count("~ update queue.q") == count
    short = text(many, detail=Detail.SUMMARY, width=0).splitlines()
    assert short[2] == "  + create queue.support"
    names = "queue.q0, queue.q1, queue.q2, queue.q3, queue.q4"
    assert short[3] == f"  ~ update {count:,} queues (max_size): {names} and {count - 5:,} more"
    assert short[4] == f"  - delete queue.old ({samples.DELETE.sid})"
    assert len(short) == 7


def test_what_is_adopted_counts_apart() -> None:
    same = {"max_size": 5}
    adopted = samples.change(
        "queue.support", Action.UPDATE, reason=ADOPTED, sid="QU1", before=same, after=same
    )
    said = text(plan(adopted, samples.CREATE))
    assert "  = adopt queue.support (QU1), nothing is sent\n" in said
    assert said.endswith("\nPlan: 1 to adopt, 1 to create, 0 to update, 0 to delete.\n")
    assert text(plan(adopted)).endswith("\nPlan: 1 to adopt.\n")


def test_a_list_of_people_is_compared_as_a_set() -> None:
    before = [f"+1212555{number:04}" for number in range(3)]
    after = [*before[:2], *(f"+1646555{number:04}" for number in range(298))]
    longer = samples.change(
        "call.reminder",
        Action.UPDATE,
        before={"to": before},
        after={"to": after},
        fields=field_changes({"to": before}, {"to": after}),
    )
    rows = [line.strip() for line in text(plan(longer)).splitlines() if " to:" in line]
    assert rows[0] == "~ to: 3 -> 300 (298 added, 1 removed)"
    assert len(rows) == 11
    assert rows[-1] == "~ to: 290 more"
    everything = text(plan(longer), detail=Detail.FULL)
    assert everything.count("+ to: ") == 298
    assert everything.count("- to: ") == 1


def test_what_an_object_is_called_stands_beside_its_address() -> None:
    named = samples.change(
        "queue.sales",
        Action.UPDATE,
        sid="QU1",
        before={"friendly_name": "Sales \x1b[31mDesk", "max_size": 1},
        after={"friendly_name": "Sales \x1b[31mDesk", "max_size": 2},
        fields=(FieldChange("max_size", 1, 2),),
        operations=("updateQueue",),
    )
    assert '~ update queue.sales "Sales \\u001b[31mDesk" (QU1)\n' in text(plan(named))


def test_participants_without_a_count_are_shown_as_calls() -> None:
    ringing = samples.change("conference.a", Action.UPDATE, operations=("createParticipant",))
    assert "> update conference.a, places calls" in text(plan(ringing))
    scheduled = samples.change(
        "call.a", Action.CREATE, operations=("createCall",), counts={"call": 0}, after={}
    )
    assert "+ create call.a\n" in text(plan(scheduled))


@settings(max_examples=60)
@given(plans())
def test_any_plan_is_safe_to_print(shown: Plan) -> None:
    plain = text(shown, width=60)
    assert plain == text(shown, width=60)
    for line in plain.removesuffix("\n").split("\n"):
        assert visible(line) == line
        assert line == line.rstrip()
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert "##vso[" not in line
        assert cell_len(line) <= 61 or line.startswith(("Plan:", "No changes"))
    assert "+15558675310" not in plain
    coloured = render_plan(shown, color=True, width=60, show_numbers=False)
    assert ANSI.sub("", coloured) == plain


def test_wrapping_loses_nothing() -> None:
    impact = "word " * 40 + "x" * 200
    shown = text(plan(replace(samples.UPDATE, impact=(impact,))), width=50)
    assert "".join(impact.split()) in "".join(shown.split())


def test_colour_is_only_there_when_asked() -> None:
    assert "\x1b" not in text(samples.full_plan())
    assert "\x1b[32m" in render_plan(samples.full_plan(), color=True, width=100, show_numbers=False)


def dependent(address: str, action: Action, *needed: str) -> Change:
    return samples.change(address, action, depends_on=tuple(Address.parse(item) for item in needed))


def test_run_with_failures_names_what_was_skipped_because_of_them() -> None:
    applied = plan(
        dependent("queue.a", Action.CREATE),
        dependent("call.b", Action.CREATE, "queue.a"),
        dependent("call.c", Action.CREATE, "call.b"),
        dependent("queue.d", Action.DELETE),
        dependent("call.e", Action.DELETE, "queue.d"),
    )
    done = samples.report(
        samples.outcome("queue.z", Action.CREATE, Status.APPLIED, sid="QU1"),
        samples.outcome(
            "queue.a",
            Action.CREATE,
            Status.FAILED,
            message="Twilio error 20001: no",
            hint="choose another name",
            request_id="RQ1",
        ),
        samples.outcome("call.b", Action.CREATE, Status.SKIPPED),
        samples.outcome("call.c", Action.CREATE, Status.SKIPPED),
        samples.outcome("queue.d", Action.DELETE, Status.SKIPPED),
        samples.outcome("call.e", Action.DELETE, Status.UNKNOWN, message="no answer to +15558675310"),
        samples.outcome("queue.y", Action.UPDATE, Status.SKIPPED, message="the run was stopped"),
    )
    assert (
        render_run(done, applied)
        == """\
call.e: delete has an unknown outcome: no answer to +1•••••5310
    skipped because of it: queue.d

queue.a: create failed: Twilio error 20001: no
    choose another name
    Twilio request RQ1
    skipped because of it: call.b, call.c

queue.y: update skipped: the run was stopped

Applied: 1 created; 1 with an unknown outcome, 1 failed, 4 skipped in 72 seconds.
"""
    )


def test_addresses_that_read_the_same_once_masked_are_still_two() -> None:
    one, other = "queue.q_12125550101", "queue.q_13125550101"
    applied = plan(
        dependent(one, Action.CREATE),
        dependent(other, Action.CREATE),
        dependent("call.a", Action.CREATE, one),
    )
    done = samples.report(
        samples.outcome(one, Action.CREATE, Status.FAILED),
        samples.outcome(other, Action.CREATE, Status.FAILED),
        samples.outcome("call.a", Action.CREATE, Status.SKIPPED),
    )
    assert (
        render_run(done, applied)
        == """\
queue.q_•••••0101: create failed
    skipped because of it: call.a

queue.q_•••••0101: create failed

Applied: nothing; 2 failed, 1 skipped in 72 seconds.
"""
    )
    assert "queue.q_13125550101: create failed" in render_run(done, applied, show_numbers=True)


def test_run_that_went_well() -> None:
    done = samples.report(
        samples.outcome("queue.a", Action.CREATE, Status.APPLIED),
        samples.outcome("queue.b", Action.DELETE, Status.APPLIED),
    )
    assert render_run(done, plan()) == "Applied: 1 created, 1 deleted in 72 seconds.\n"
    assert render_run(samples.report(), plan()) == "Applied: nothing in 72 seconds.\n"


def test_outcome_line() -> None:
    ended = samples.outcome("queue.a", Action.CREATE, Status.APPLIED, sid="QU1")
    assert render_outcome(ended) == "queue.a: created (QU1)"
    stale = samples.outcome("queue.a", Action.UPDATE, Status.STALE, message="max_size is 7 now")
    assert render_outcome(stale) == "queue.a: update not sent, the object moved: max_size is 7 now"


@settings(max_examples=40)
@given(runs())
def test_any_run_is_safe_to_print(run: tuple[RunReport, Plan]) -> None:
    done, applied = run
    shown = render_run(done, applied, width=60)
    for line in shown.split("\n"):
        assert visible(line) == line
        assert not line.lstrip().startswith("::")
    assert "+15558675310" not in shown
