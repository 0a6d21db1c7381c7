"""Calls that are queued or going on: learn how they are, end, redirect, begin to record."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from voiceform.kinds.base import Session
from voiceform.kinds.call.details import PlacedCall
from voiceform.kinds.call.dialling.pacing import PassCounts
from voiceform.kinds.call.ledger.entries import GONE, CallStatus, Key, LedgerEntry
from voiceform.kinds.call.ledger.recovery import with_call
from voiceform.kinds.call.ledger.store import Ledger, Step
from voiceform.kinds.call.spec import CallSpec, answer_parameters
from voiceform.model.errors import VoiceformError
from voiceform.twilio.errors import CallNotLiveError, NotFoundError, TwilioError, TwilioOutcomeUnknownError

if TYPE_CHECKING:
    from voiceform.twilio.client import Client

_AT_ONCE = 8

RunAll = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


def seen_now(
    client: Client, entries: Mapping[Key, LedgerEntry], now: datetime, run_all: RunAll
) -> dict[Key, LedgerEntry]:
    """What live entries have become, by asking for each call; entries that are over are left out."""

    def look(item: tuple[Key, LedgerEntry]) -> tuple[Key, LedgerEntry]:
        key, entry = item
        try:
            return key, with_call(entry, client.fetch_call(entry.sid or ""), now)
        except NotFoundError:
            return key, replace(entry, at=now, call=GONE, reason="its record was deleted from the account")

    live = [(key, entry) for key, entry in entries.items() if entry.live]
    return dict(run_all(look, live))


def refresh(
    ledger: Ledger,
    client: Client,
    entries: Mapping[Key, LedgerEntry],
    now: datetime,
    run_all: RunAll,
    ended: Counter[str] | None = None,
) -> dict[Key, LedgerEntry]:
    """Ask for every live call and store what is new; the entries that changed. `ended` counts, by outcome,
    the calls of which nobody else has stored before that they are over."""
    seen = seen_now(client, entries, now, run_all)
    moved = {key: entry for key, entry in seen.items() if entry != entries[key]}
    steps: dict[Key, Step] = {key: _learn(entry) for key, entry in moved.items()}
    found = {key: entry for key, entry in ledger.change_all(steps).items() if entry[0] is not None}
    if ended is not None:
        ended.update(str(entry.status) for entry, ours in found.values() if ours and entry and entry.ended_at)
    return {key: entry for key, (entry, _) in found.items() if entry is not None}


def _learn(seen: LedgerEntry) -> Step:
    def step(entry: LedgerEntry | None) -> LedgerEntry | None:
        same = entry is not None and entry.sid == seen.sid and entry.status is CallStatus.PLACED
        return seen if same else None

    return step


def end_calls(entries: Mapping[Key, LedgerEntry], session: Session, tally: PassCounts) -> None:
    """Cancel what is queued or rings, hang up what goes on. A call that is over already is a success."""

    def end(item: tuple[Key, LedgerEntry]) -> str | None:
        try:
            session.client.end_call(item[1].sid or "")
        except NotFoundError:
            return None
        except VoiceformError as error:
            return error.what
        return None

    for problem in session.run_all(end, list(entries.items())):
        if problem is not None:
            tally.problem(problem)


def take_back(
    client: Client, ledger: Ledger, entries: Mapping[Key, LedgerEntry], now: datetime, *, answered_too: bool
) -> tuple[Counter[str], dict[str, int]]:
    """Cancel what is queued or rings, and with `answered_too` hang up what goes on; store how they are then.

    Without it a call that is answered in between goes on: `canceled` does nothing to it, as
    https://www.twilio.com/docs/voice/api/call-resource says. How many were `queued` and `live`, and why some
    could not be ended.
    """
    counts: Counter[str] = Counter()
    problems: Counter[str] = Counter()

    def end(item: tuple[Key, LedgerEntry]) -> None:
        key, entry = item
        soon = entry.call != "in-progress"
        if not entry.live or not (soon or answered_too):
            return
        try:
            call = client.update_call(entry.sid or "", status="completed" if answered_too else "canceled")
        except (CallNotLiveError, NotFoundError):
            return
        except TwilioError as error:
            problems[error.told] += 1
            return
        ended = with_call(entry, call, now)
        ledger.change(key, _learn(ended))
        counts["queued" if soon else "live"] += not ended.live

    with client.runtime.pool(_AT_ONCE) as pool:
        live = {key: entry for key, entry in entries.items() if entry.live}
        live.update(refresh(ledger, client, live, now, pool.map))
        for _ in pool.map(end, list(live.items())):
            pass
    return counts, dict(problems)


def redirect_calls(
    spec: CallSpec, ledger: Ledger, planned: Sequence[PlacedCall], session: Session, tally: PassCounts
) -> None:
    """Give the planned calls the new answer; one that has ended meanwhile needs none."""
    for call in planned:
        sid, answer = call.sid, spec.answer_for(call.key)
        if not session.may_go_on():
            return
        try:
            session.client.update_call(sid, **answer_parameters(answer), **spec.fallback)
        except (CallNotLiveError, NotFoundError):
            continue
        except VoiceformError as error:
            tally.problem(error.told)
            continue
        ledger.change(call.key, _known(sid, answer=spec.answer_digest(call.key)))


def record_calls(
    spec: CallSpec, ledger: Ledger, planned: Sequence[PlacedCall], session: Session, tally: PassCounts
) -> None:
    """Begin to record the planned calls, unless they are recorded by now."""
    for call in planned:
        sid = call.sid
        if not session.may_go_on():
            return
        try:
            if not _has_recording(session, sid):
                session.client.create_call_recording(sid, **spec.recording)
        except (CallNotLiveError, NotFoundError):
            continue
        except TwilioOutcomeUnknownError as error:
            if not _has_recording(session, sid):
                tally.problem(error.what)
                continue
        except VoiceformError as error:
            tally.problem(error.told)
            continue
        ledger.change(call.key, _known(sid, recorded=True))


def _has_recording(session: Session, sid: str) -> bool:
    return any(True for _ in session.client.list_call_recordings(sid))


def _known(sid: str, **changes: object) -> Step:
    def step(entry: LedgerEntry | None) -> LedgerEntry | None:
        return replace(entry, **changes) if entry is not None and entry.sid == sid else None  # type: ignore[arg-type]

    return step
