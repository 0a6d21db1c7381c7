"""What is taken down about each recording and call record: SIDs, dates and reasons, never a phone number."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from voiceform.kinds.base import Session
from voiceform.kinds.retention.deletion.outcomes import Ending
from voiceform.kinds.retention.details import DeletionOrder
from voiceform.kinds.retention.figures import moment_text
from voiceform.kinds.retention.scopes import HOLD
from voiceform.kinds.retention.storage.archive import Copy
from voiceform.model.instants import instant_to_text
from voiceform.model.masking import redact, redact_text
from voiceform.model.plan import Change, Kept
from voiceform.model.unshown import concealed
from voiceform.twilio.sids import is_sid

if TYPE_CHECKING:
    from voiceform.twilio.resources import Recording

FIGURES = ("count", "minutes", "oldest", "newest")

_OF_RECORDING = ("call_sid", "conference_sid", "created", "duration", "source")
_KEPT = frozenset({Ending.HELD, Ending.MOVED, Ending.LATER})


def _policy(change: Change) -> Mapping[str, Any]:
    """The rule as people may see it."""
    rule, hidden = change.after, change.hidden_after
    if not rule:
        rule, hidden = change.before or {}, change.hidden_before
    shown: Mapping[str, Any] = redact(concealed(rule, hidden))
    return shown


class Remarks(NamedTuple):
    """What else a line says of how one object ended; `error` tells which request it was about."""

    reason: str | None = None
    copy: Copy | None = None
    request_id: str | None = None
    error: Exception | None = None

    @property
    def request(self) -> str | None:
        """The id that Twilio gave the request, if it is known."""
        return self.request_id or getattr(self.error, "request_id", None)


_NOTHING_ELSE = Remarks()


class Scribe:
    """Writes the lines of one change. Safe for many threads, as its session's evidence is."""

    def __init__(self, change: Change, place: str, session: Session) -> None:
        self._rule = str(change.address)
        self._change = change
        self.evidence = session.evidence(place)
        self._run = session.run_id

    def begin(self, order: DeletionOrder) -> None:
        """The rule and what was planned under it."""
        total = order.total.to_document()
        kept = self._change.kept or Kept(0, (), HOLD)
        self.evidence.add(
            {
                "event": "rule",
                "run": self._run,
                "rule": self._rule,
                "policy": _policy(self._change),
                "planned": {
                    **{name: total[name] for name in FIGURES},
                    "planned_at": instant_to_text(order.planned_at),
                    "created_until": moment_text(order.created_until),
                    "held": {"count": kept.count, "by": list(kept.by)},
                },
            }
        )

    def erasure(self, person: str, planned: int, left: Mapping[str, int]) -> None:
        """What is to go of one person, and what is known to stay; in the place of `begin`."""
        what = self._change.after or {}
        self.evidence.add(
            {
                "event": "erasure",
                "run": self._run,
                "rule": self._rule,
                "person": f"hmac-sha256:{person}",
                "reason": _shown(what.get("reason")),
                "planned": planned,
                "left": {str(_shown(words)): count for words, count in left.items()},
            }
        )

    def recording(
        self, sid: str, row: Recording | None, ending: Ending, remarks: Remarks = _NOTHING_ELSE
    ) -> None:
        """How one recording ended; `row` is None when only its SID is left."""
        if row is None:
            facts: dict[str, Any] = dict.fromkeys(_OF_RECORDING)
        else:
            facts = {
                "call_sid": row.call_sid,
                "conference_sid": row.conference_sid,
                "created": moment_text(row.date_created),
                "duration": row.duration,
                "source": _shown_source(row.source),
            }
        facts["archive"] = None if remarks.copy is None else remarks.copy.document()
        self._add("recording", sid, ending, facts, remarks)

    def call(self, sid: str, ending: Ending, remarks: Remarks = _NOTHING_ELSE) -> None:
        """How one call record ended."""
        self._add("call-record", sid, ending, {}, remarks)

    def thing(self, event: str, name: str, ending: Ending, remarks: Remarks = _NOTHING_ELSE) -> None:
        """How one thing ended that is known by another name than a SID: a copy, a document of the state."""
        self._add(event, name, ending, {}, remarks, key="name")

    def _add(
        self,
        event: str,
        sid: str,
        ending: Ending,
        facts: Mapping[str, Any],
        remarks: Remarks,
        *,
        key: str = "sid",
    ) -> None:
        self.evidence.add(
            {
                "event": event,
                "run": self._run,
                "rule": self._rule,
                key: sid,
                **facts,
                "decision": "keep" if ending in _KEPT else "delete",
                "status": str(ending),
                "reason": _shown(remarks.reason),
                "request_id": _shown_request(remarks.request),
            }
        )


def _shown(text: str | None) -> str | None:
    return None if text is None else redact_text(text)


@lru_cache(maxsize=64)
def _shown_source(text: str | None) -> str | None:
    """There are some dozen sources, in very many lines."""
    return _shown(text)


def _shown_request(text: str | None) -> str | None:
    """Twilio's own ids hold nothing that would have to be hidden; what else stands there may."""
    return text if text is not None and is_sid(text, "RQ") else _shown(text)
