"""Carry out one planned change of a schedule, and settle those that a dead run began."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from voiceform.kinds.base import Done, Session
from voiceform.kinds.call.details import CallDetails
from voiceform.kinds.call.dialling.dialler import Placer
from voiceform.kinds.call.dialling.due import due_keys, lookback, new_times
from voiceform.kinds.call.dialling.in_progress import end_calls, record_calls, redirect_calls, refresh
from voiceform.kinds.call.dialling.list_files import list_of
from voiceform.kinds.call.dialling.losses import Losses, tell_of_losses
from voiceform.kinds.call.dialling.pacing import Pace, PassCounts, record_undialled
from voiceform.kinds.call.dialling.stopping import learnt, stopped_if_wrong
from voiceform.kinds.call.dialling.verdicts import Due, Verdict
from voiceform.kinds.call.ledger.entries import IN_DOUBT, CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.store import Ledger, LedgerReader, days_before
from voiceform.kinds.call.limits.book import ContactBook, ContactReader
from voiceform.kinds.call.limits.in_force import put_in_force
from voiceform.kinds.call.spec import CallSpec, digest_of
from voiceform.kinds.phoning import CALL
from voiceform.kinds.userfiles import Places
from voiceform.model.address import Address
from voiceform.model.plan import Action, Change
from voiceform.model.resource import Recorded
from voiceform.model.run import Status
from voiceform.model.wording import are
from voiceform.twilio.errors import TwilioError

_NAMED = 5
"""So many people are named in one message."""
_UNKNOWN_HINT = (
    "`voiceform dispatch --once` looks for them a minute later; what stays unknown is settled by hand:"
    " `voiceform calls list`, then `voiceform calls resolve`"
)
_IN_FLIGHT = timedelta(seconds=35)
_POLL_SECONDS = 1.0


def act(change: Change, session: Session, places: Places) -> Done:
    """Register a schedule and place exactly the due calls that the plan names; or remove it."""
    if change.action is Action.DELETE:
        return _remove(change, session)
    record = recorded(change)
    spec = CallSpec.of(change.address, record.attributes)
    ledger = _put_in_force(change, record, spec, session)
    tally = _place(change, spec, ledger, session, places)
    details = CallDetails.of(change)
    redirect_calls(spec, ledger, details.redirect, session, tally)
    record_calls(spec, ledger, details.record, session, tally)
    return _done(record, tally)


def _put_in_force(change: Change, record: Recorded, spec: CallSpec, session: Session) -> Ledger:
    """Let nobody be called by what was declared before; the ledger."""
    ledger = Ledger(session.store, spec.ledger)
    put_in_force(session.store, spec.purpose, spec.limits)
    begins = new_times(change.before, change.after, ledger.head())
    ledger.set_head(
        account=session.client.account_sid,
        closed=False,
        since=session.clock.now() if begins else None,
        disabled=not spec.enabled,
        applied=digest_of(record.attributes),
    )
    return ledger


def settle(changes: Sequence[Change], session: Session) -> Mapping[Address, Done]:
    """A dead run's schedules: registered if any of its calls was reserved, whoever did it, else as if nothing
    was done.

    What it reserved and did not record stays in the ledger as it is; dispatch finds out about it.
    """
    settled: dict[Address, Done] = {}
    for change in changes:
        keys = [item.key for item in CallDetails.of(change).due]
        if change.after is None or not keys:
            continue
        record = recorded(change)
        reader = LedgerReader(session.store, record.attributes["ledger"])
        entries = {key: entry for key in keys if (entry := reader.entry(key)) is not None}
        if entries:
            _put_in_force(change, record, CallSpec.of(change.address, record.attributes), session)
            lost = [key.to for key, entry in entries.items() if entry.status in IN_DOUBT]
            settled[change.address] = Done(
                Status.UNKNOWN if lost else Status.APPLIED,
                recorded=record,
                message=f"{len(entries)} of its {len(keys)} calls had been begun, {_in_doubt(lost)}",
                hint=_UNKNOWN_HINT if lost else None,
                unknown=_calls(len(lost)),
            )
    return settled


def recorded(change: Change) -> Recorded:
    """What state holds for a schedule once the change is applied."""
    return Recorded(change.address, None, change.after or {}, bool(change.protect_after), change.depends_on)


def _place(change: Change, spec: CallSpec, ledger: Ledger, session: Session, places: Places) -> PassCounts:
    """The calls that the plan names, as far as they may still be placed; and what is too late is recorded."""
    do_not_call = list_of(spec, places)
    now = session.clock.now()
    entries, head = ledger.entries(days_before(now, lookback(spec)), spec.to), ledger.head()
    tally = PassCounts()
    try:
        entries = learnt(spec, ledger, session.client, entries, head, now, session.run_all)
    except TwilioError as error:
        tally.problem(f"nobody was called: {error.what}")
        return tally
    before = ledger.halts()
    halts = stopped_if_wrong(spec, ledger, entries, head, now)
    found = due_keys(spec, entries, head, now, do_not_call, ContactReader(session.store), halts)
    tally.merge(record_undialled(ledger, found, now))
    for item in found:
        if item.verdict is Verdict.BLOCK:
            tally.problem(f"not called: {item.reason}")
    ledger.set_head(high_water=now)
    open_keys = {item.key for item in found if item.verdict in (Verdict.PLACE, Verdict.WAIT)}
    due = CallDetails.of(change).due
    planned = [Due(item.key, Verdict.PLACE, item.since) for item in due if item.key in open_keys]
    contacts = ContactBook(session.store)
    placer = Placer(
        spec,
        ledger,
        contacts,
        session.client,
        session.clock,
        do_not_call,
        lambda: _ensure_held(session),
        version=head.version,
    )
    tell_of_losses(session.lost, spec.ledger, entries)
    pace = Pace(spec, session.clock, session.turns, session.lost, lambda: not session.may_go_on())
    tally.merge(pace.place_all(placer, planned, lambda _key, _entry: None, Losses.of(entries.values())))
    pause = placer.pause()
    if pause is not None and halts != before:
        tally.problem(str(pause))
    left = len(planned) - sum(tally.statuses.values()) - tally.waiting - tally.paused
    if left > 0 and not session.may_go_on():
        tally.problem(f"interrupted: {left} calls were not begun; dispatch or the next apply places them")
    return tally


def _ensure_held(session: Session) -> None:
    """Raises LeaseLostError when somebody else may write now."""
    session.may_go_on()


def _done(record: Recorded, tally: PassCounts) -> Done:
    unknown = tally.statuses[CallStatus.UNKNOWN]
    summary = str(tally) if tally.statuses or tally.waiting or tally.paused else None
    if unknown:
        return Done(
            Status.UNKNOWN,
            recorded=record,
            message=f"registered; {summary}: {_reasons(tally)}",
            hint=_UNKNOWN_HINT,
            unknown=_calls(unknown),
        )
    if tally.problems:
        return Done(Status.FAILED, recorded=record, message=f"registered; {_reasons(tally)}")
    return Done(Status.APPLIED, recorded=record, message=summary)


def _in_doubt(lost: Sequence[str]) -> str:
    """To whom calls are in doubt."""
    more = f" and {len(lost) - _NAMED:,} more" if len(lost) > _NAMED else ""
    return f"{len(lost)} {are(len(lost))} in doubt{': ' if lost else ''}{', '.join(lost[:_NAMED])}{more}"


def _calls(doubtful: int) -> dict[str, int]:
    """Of how many calls nobody knows whether they were placed."""
    return {CALL.name: doubtful} if doubtful else {}


def _reasons(tally: PassCounts) -> str:
    return "; ".join(f"{text} ({count})" for text, count in tally.problems.items())


def _remove(change: Change, session: Session) -> Done:
    """Close the ledger first: whoever reserves a call after that sees it and does not send."""
    record = session.recorded.get(change.address)
    attributes = dict(change.before or {})
    spec = CallSpec.ended(change.address, record.attributes if record is not None else attributes)
    ledger = Ledger(session.store, spec.ledger)
    ledger.set_head(closed=True)
    if not spec.cancel_on_remove:
        return Done(Status.APPLIED)
    tally = PassCounts()
    entries = _after_flight(ledger, spec, session)
    end_calls({key: entry for key, entry in entries.items() if entry.live}, session, tally)
    refresh(
        ledger,
        session.client,
        ledger.entries(_since(spec, session), spec.to),
        session.clock.now(),
        session.run_all,
    )
    doubtful = sum(entry.status in IN_DOUBT for entry in entries.values())
    if doubtful:
        tally.problem(f"{doubtful} calls with unknown outcome could not be ended")
    if tally.problems:
        return Done(Status.FAILED, message=_reasons(tally), hint="apply again", unknown=_calls(doubtful))
    return Done(Status.APPLIED)


def _after_flight(ledger: Ledger, spec: CallSpec, session: Session) -> dict[Key, LedgerEntry]:
    """The entries once the requests under way elsewhere have ended, or cannot be under way any more."""
    deadline = session.clock.now() + _IN_FLIGHT
    while True:
        entries = ledger.entries(_since(spec, session), spec.to)
        flying = any(
            entry.status is CallStatus.RESERVED and _fresh(entry, session) for entry in entries.values()
        )
        if not flying or session.clock.now() >= deadline or not session.may_go_on():
            return entries
        session.clock.sleep(_POLL_SECONDS)


def _fresh(entry: LedgerEntry, session: Session) -> bool:
    return abs(session.clock.now() - (entry.reserved_at or entry.at)) < _IN_FLIGHT


def _since(spec: CallSpec, session: Session) -> date:
    return days_before(session.clock.now(), lookback(spec))
