"""Acting on calls that are queued or going on: end, redirect, begin to record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from voiceform.kinds.base import Session
from voiceform.kinds.call.entries import Entry, Key
from voiceform.kinds.call.ledger import Ledger, Step
from voiceform.kinds.call.passing import Tally
from voiceform.kinds.call.spec import CallSpec
from voiceform.model.errors import VoiceformError
from voiceform.twilio.errors import CallNotLiveError, NotFoundError, TwilioOutcomeUnknownError


def end_calls(entries: Mapping[Key, Entry], session: Session, tally: Tally) -> None:
    """Cancel what is queued or rings, hang up what goes on. A call that is over already is a success."""

    def end(item: tuple[Key, Entry]) -> str | None:
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


def redirect_calls(
    spec: CallSpec, ledger: Ledger, planned: Sequence[tuple[Key, str]], session: Session, tally: Tally
) -> None:
    """Give the planned calls the new answer; one that has ended meanwhile needs none."""
    answer = spec.answer
    for key, sid in planned:
        if not session.may_go_on():
            return
        try:
            if "twiml" in answer:
                session.client.update_call(sid, twiml=answer["twiml"])
            else:
                session.client.update_call(sid, url=answer["url"], method=answer["method"])
        except (CallNotLiveError, NotFoundError):
            continue
        except VoiceformError as error:
            tally.problem(error.what)
            continue
        ledger.change(key, _known(sid, answer=spec.answer_digest))


def record_calls(ledger: Ledger, planned: Sequence[tuple[Key, str]], session: Session, tally: Tally) -> None:
    """Begin to record the planned calls, unless they are recorded by now."""
    for key, sid in planned:
        if not session.may_go_on():
            return
        try:
            if not _has_recording(session, sid):
                session.client.create_call_recording(sid)
        except (CallNotLiveError, NotFoundError):
            continue
        except TwilioOutcomeUnknownError as error:
            if not _has_recording(session, sid):
                tally.problem(error.what)
                continue
        except VoiceformError as error:
            tally.problem(error.what)
            continue
        ledger.change(key, _known(sid, recorded=True))


def _has_recording(session: Session, sid: str) -> bool:
    return any(True for _ in session.client.list_call_recordings(sid))


def _known(sid: str, **changes: object) -> Step:
    def step(entry: Entry | None) -> Entry | None:
        return replace(entry, **changes) if entry is not None and entry.sid == sid else None  # type: ignore[arg-type]

    return step
