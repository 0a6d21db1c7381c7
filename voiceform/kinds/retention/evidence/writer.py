"""What is taken down about each recording and call record: SIDs, dates and reasons, never a phone number."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from voiceform.kinds.base import Session
from voiceform.kinds.retention.deletion.outcomes import Ending
from voiceform.kinds.retention.scopes import HOLD
from voiceform.kinds.retention.storage.archive import Copy
from voiceform.model.instants import instant_to_text
from voiceform.model.masking import redact, redact_text
from voiceform.model.plan import Change, Kept
from voiceform.model.unshown import concealed

if TYPE_CHECKING:
    from voiceform.twilio.resources import Recording

FIGURES = ("count", "minutes", "oldest", "newest")

_KEPT = frozenset({Ending.HELD, Ending.MOVED, Ending.LATER})


def _policy(change: Change) -> Mapping[str, Any]:
    """The rule as people may see it."""
    rule, hidden = change.after, change.hidden_after
    if not rule:
        rule, hidden = change.before or {}, change.hidden_before
    shown: Mapping[str, Any] = redact(concealed(rule, hidden))
    return shown


class Scribe:
    """Writes the lines of one change. Safe for many threads, as its session's evidence is."""

    def __init__(self, change: Change, session: Session) -> None:
        self._rule = str(change.address)
        self._change = change
        self.evidence = session.evidence(change.details["evidence"])
        self._run = session.run_id

    def begin(self) -> None:
        """The rule and what was planned under it."""
        change, as_of = self._change, self._change.details["as_of"]
        kept = change.kept or Kept(0, (), HOLD)
        self.evidence.add(
            {
                "event": "rule",
                "run": self._run,
                "rule": self._rule,
                "policy": _policy(change),
                "planned": {
                    **{name: change.details[name] for name in FIGURES},
                    **{name: as_of[name] for name in ("planned_at", "created_until")},
                    "held": {"count": kept.count, "by": list(kept.by)},
                },
            }
        )

    def recording(
        self,
        sid: str,
        row: Recording | None,
        ending: Ending,
        *,
        reason: str | None = None,
        copy: Copy | None = None,
        request_id: str | None = None,
        error: Exception | None = None,
    ) -> None:
        """How one recording ended; `row` is None when only its SID is left."""
        facts: dict[str, Any] = {"call_sid": None, "conference_sid": None, "created": None}
        facts |= {"duration": None, "source": None}
        if row is not None:
            facts = {
                "call_sid": row.call_sid,
                "conference_sid": row.conference_sid,
                "created": _text(row.date_created),
                "duration": row.duration,
                "source": _shown(row.source),
            }
        archive = None if copy is None else copy.document()
        facts["archive"] = archive
        self._add("recording", sid, ending, facts, reason, request_id or _request_of(error))

    def call(
        self,
        sid: str,
        ending: Ending,
        *,
        reason: str | None = None,
        request_id: str | None = None,
        error: Exception | None = None,
    ) -> None:
        """How one call record ended."""
        self._add("call-record", sid, ending, {}, reason, request_id or _request_of(error))

    def _add(
        self,
        event: str,
        sid: str,
        ending: Ending,
        facts: Mapping[str, Any],
        reason: str | None,
        request_id: str | None,
    ) -> None:
        self.evidence.add(
            {
                "event": event,
                "run": self._run,
                "rule": self._rule,
                "sid": sid,
                **facts,
                "decision": "keep" if ending in _KEPT else "delete",
                "status": str(ending),
                "reason": _shown(reason),
                "request_id": _shown(request_id),
            }
        )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else instant_to_text(moment)


def _shown(text: str | None) -> str | None:
    return None if text is None else redact_text(text)


def _request_of(error: Exception | None) -> str | None:
    found: str | None = getattr(error, "request_id", None)
    return found
