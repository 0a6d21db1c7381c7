"""From a stack to a plan; reads only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from voiceform.engine.planner import PlanRequest, make_plan
from voiceform.engine.targets import Selection
from voiceform.model.plan import Mode, Plan
from voiceform.model.plan_codec import sealed
from voiceform.stack.order import Wanted
from voiceform.stack.parts import Parts
from voiceform.state.journal import dead_runs
from voiceform.state.meta import require_home, secret_of, state_version

if TYPE_CHECKING:
    from voiceform.engine.undo import Undo
    from voiceform.model.configuration import Configuration
    from voiceform.model.store import DocumentReader
    from voiceform.twilio.client import Client


def plan_now(parts: Parts, wanted: Wanted) -> Plan:
    """Load, connect read-only, and plan."""
    configuration = parts.load_and_warn()
    account = parts.account_for(configuration.account)
    with parts.opened_store() as store, parts.reader(account) as reader:
        if wanted.mode is Mode.REFRESH_ONLY:
            parts.tell_of_no_state(store)
        dead = dead_runs(store, parts.clock.now())
        if dead:
            parts.listener.unsettled([run.record for run in dead])
        return plan_with(parts, configuration, reader, store, wanted)


def plan_with(
    parts: Parts, configuration: Configuration, reader: Client, store: DocumentReader, wanted: Wanted
) -> Plan:
    """Read state and account and plan."""
    if wanted.erase is not None:
        from voiceform.stack.erasing import erasure_plan

        return erasure_plan(parts, configuration, reader, store, wanted.erase)
    secret, request = request_for(parts, configuration, reader, store)
    kinds = [kind for kind in parts.kinds() if not wanted.only or kind.name in wanted.only]
    request = replace(
        request,
        kinds=kinds,
        now=wanted.at or request.now,
        mode=wanted.mode,
        selection=Selection(wanted.targets, wanted.excludes),
    )
    return replace(sealed(make_plan(request), secret), made_for=wanted.at)


def request_for(
    parts: Parts, configuration: Configuration, reader: Client, store: DocumentReader
) -> tuple[str | None, PlanRequest]:
    """The secret of the state, and a request for a plan of everything."""
    require_home(store, reader.account_sid, reader.transport.origin)
    secret = secret_of(store)
    state = state_version(store)  # before the resources: a run that ends in between makes the plan stale
    now = parts.clock.now()
    return secret, PlanRequest(
        configuration=configuration,
        kinds=parts.kinds(),
        client=reader,
        store=store,
        recorded=parts.resources(store, configuration),
        state=state,
        account_sid=reader.account_sid,
        created_at=now,
        now=now,
        new_id=parts.new_plan_id,
        vocabulary=parts.vocabulary(),
        progress=parts.progress,
    )


def undo_of(parts: Parts, run_id: str) -> Undo:
    """The plan that takes a run back, and what it leaves. UsageError for a run that nobody recorded."""
    from voiceform.engine.undo import plan_undo
    from voiceform.stack.history import run_of

    configuration = parts.load()
    account = parts.account_for(configuration.account)
    with parts.recorded_state() as store, parts.reader(account) as reader:
        secret, request = request_for(parts, configuration, reader, store)
        undo = plan_undo(run_of(store, run_id), request)
        return replace(undo, plan=sealed(undo.plan, secret))


def review_of(parts: Parts, base: Path, selection: Selection) -> Plan:
    """The offline plan from the configuration at `base` to that of the stack."""
    from voiceform.engine.review import review

    head = parts.load_and_warn()
    before = parts.load_base(base)
    return review(
        before,
        head,
        parts.kinds(),
        now=parts.clock.now(),
        new_id=parts.new_plan_id,
        vocabulary=parts.vocabulary(),
        selection=selection,
    )
