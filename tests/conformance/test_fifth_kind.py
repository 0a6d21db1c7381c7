"""A kind that the house has never heard of: what it declares is limited, summed, shown and measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.declared import VOCABULARY
from voiceform.engine.review import review
from voiceform.engine.safety import Approvals
from voiceform.kinds.base import CompareContext, Comparison, Done, RefreshContext, Session, vocabulary
from voiceform.kinds.kind import Kind, ParseContext
from voiceform.model.address import Address
from voiceform.model.configuration import Configuration
from voiceform.model.errors import UsageError
from voiceform.model.exported import Export
from voiceform.model.plan import Action, Change, ConfigSource, Plan
from voiceform.model.resource import Desired, Recorded
from voiceform.model.run import NOT_BEGUN, Outcome, RunReport, Status
from voiceform.model.safety import Safety
from voiceform.model.scopes import Effect, Limit, Metric, Scope, deletion
from voiceform.render.html import render_plan_html
from voiceform.render.json import plan_json
from voiceform.render.markdown import render_plan_markdown
from voiceform.render.metrics import measure_plan, measure_run, write_metrics
from voiceform.render.text import render_plan, render_run

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
PAGE = Scope(
    name="page",
    noun="alarm",
    verb="raise",
    would="would be raised",
    effect=Effect.PHONE,
    limit=Limit("max_alarms", 2),
    operations=frozenset({"raiseAlarm"}),
    total="alarms",
    due=Metric("alarms_due", "Alarms that are to be raised."),
    unknown=Metric("alarms_unknown", "Alarms that may have been raised."),
)
WIPE = deletion("voice-print", limit=Limit("max_prints", 10), bulk=True, agent="sweep")


class PagerKind(Kind[None]):
    """It has what a kind has to have, and nothing else."""

    name = "pager"
    section = "pagers"
    rank = 50
    scopes = (PAGE, WIPE)
    command = "sweep"

    def parse(self, section: Any, context: ParseContext) -> list[Desired]:
        return []

    def refresh(self, context: RefreshContext) -> None:
        return None

    def compare(self, context: CompareContext, live: None) -> Comparison:
        changes = [
            Change(
                address,
                Action.UPDATE if address in context.recorded else Action.CREATE,
                "declared",
                operations=() if WIPE.name in item.attributes["counts"] else ("raiseAlarm",),
                after=item.attributes,
                counts=item.attributes["counts"],
            )
            for address, item in context.desired.items()
        ]
        return Comparison(changes, totals={"voice-print": 12})

    def assume_applied(
        self, base: Sequence[Desired], head: Sequence[Desired]
    ) -> tuple[Mapping[Address, Recorded], None]:
        return {item.address: Recorded(item.address, None, item.attributes) for item in base}, None

    def act(self, change: Change, session: Session) -> Done:
        return Done(Status.APPLIED)

    def settle(self, changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
        return {}

    def export(self, client: Any, recorded: Mapping[Address, Recorded], folder: Path) -> Export:
        return Export()


KIND = PagerKind()
WORDS = vocabulary([KIND])


def configured(**counts: Mapping[str, int]) -> Configuration:
    addresses = {Address("pager", name): weighs for name, weighs in counts.items()}
    return Configuration(
        lambda: ConfigSource("sha256:0", ("a.yaml",)),
        desired={address: Desired(address, {"counts": weighs}) for address, weighs in addresses.items()},
    )


def planned(safety: Safety | None = None, **counts: Mapping[str, int]) -> Plan:
    head = replace(configured(**counts), safety=safety or Safety())
    return review(configured(), head, [KIND], now=NOW, new_id=lambda: "7f3a", vocabulary=WORDS)


def test_its_limits_hold_and_are_lifted_by_its_own_approval() -> None:
    assert planned(a={"page": 1}, b={"page": 1}).blocked == ()
    (blocked,) = planned(a={"page": 2}, b={"page": 1}).blocked
    assert blocked.message == "3 alarms would be raised; safety.max_alarms allows 2"
    assert not Approvals.parse(["call=9"]).lift(blocked)
    assert Approvals.parse(["page=3"]).lift(blocked)
    assert planned(Safety(limits={"max_alarms": 3}), a={"page": 3}).blocked == ()
    (share,) = planned(Safety(), a={"delete:voice-print": 4}).blocked
    assert share.message == "4 voice prints would be deleted; safety.max_delete_percent allows 30 % of 12"
    (many,) = planned(Safety(max_delete_percent=100), a={"delete:voice-print": 11}).blocked
    assert many.rule == "max_prints"


def test_its_effects_are_summed_and_shown() -> None:
    plan = planned(a={"page": 2}, b={"delete:voice-print": 1}, c={})
    assert plan.summary.totals == {"alarms": 2}
    assert '"summary": {"create": 3, "update": 0, "delete": 0, "no_op": 0, "alarms": 2}' in plan_json(
        plan, show_numbers=False
    )
    text = render_plan(plan, color=False, width=0, show_numbers=False)
    assert "  > create pager.a, raises 2 alarms\n" in text
    assert "  - delete 1 voice print by pager.b, the sweep is new\n" in text
    assert "  > create pager.c, raises alarms\n" in text  # by what it sends
    *_, headline = text.splitlines()
    assert headline.startswith("Plan: 1 voice print to delete by 1 sweep; 2 to create, ")
    assert headline.endswith(", 2 alarms to raise.")
    for page in (render_plan_html(plan), render_plan_markdown(plan)):
        assert page.index("Destroys") < page.index("Calls people")
        assert "raises 2 alarms" in page


def test_its_command_is_named_where_it_is_alone() -> None:
    plan = planned(a={"page": 1})
    cut = Outcome(plan.changes[0].address, Action.CREATE, Status.SKIPPED, message=NOT_BEGUN)
    said = render_run(RunReport("7f3a", NOW, NOW, (cut,)), plan)
    assert "Run sweep again; the rest is planned anew." in said


def test_it_is_measured(tmp_path: Path) -> None:
    plan = planned(a={"page": 2})
    lost = Outcome(plan.changes[0].address, Action.CREATE, Status.UNKNOWN, unknown={"page": 2, "other": 1})
    file = tmp_path / "m.prom"
    write_metrics(file, measure_plan(plan), command="plan", at=NOW)
    assert 'voiceform_alarms_due{stack="default"} 2.0' in file.read_text()
    measured = measure_run(RunReport("7f3a", NOW, NOW, (lost,)), WORDS)
    write_metrics(file, measured, command="apply", at=NOW)
    assert 'voiceform_alarms_unknown{stack="default"} 2.0' in file.read_text()


def test_what_it_is_not_asked_to_have_has_an_answer() -> None:
    change = planned(a={}).changes[0]
    assert KIND.irreversible(change) is None
    assert (KIND.documents, KIND.answers, KIND.answer(Desired(change.address, {}))) == ((), False, None)
    with pytest.raises(UsageError, match="undo does not take back a pager"):
        KIND.previous_declaration(change)
    with pytest.raises(UsageError, match="a pager cannot be imported"):
        KIND.adopt(change.address, "XX1", None)  # type: ignore[arg-type]


def test_what_a_kind_has_to_have() -> None:
    assert Kind.__abstractmethods__ == {
        "parse", "refresh", "compare", "act", "settle", "export", "assume_applied",
    }  # fmt: skip


def test_one_name_cannot_be_declared_for_two_things() -> None:
    class Other(PagerKind):
        name = "other"
        scopes = (replace(PAGE, noun="call"), WIPE)

    with pytest.raises(ValueError, match="the scope page is declared twice"):
        vocabulary([KIND, Other()])
    assert WORDS.scopes.keys() - VOCABULARY.scopes.keys() == {"page", "delete:voice-print", "delete:pager"}
