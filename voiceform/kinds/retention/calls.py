"""Calls' records, looked up only where a rule or a hold asks for a number or a direction; once per call."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from voiceform.kinds.retention.matching import CallFacts, Truth
from voiceform.twilio.errors import InvalidArgumentError, NotFoundError

if TYPE_CHECKING:
    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Call

_REMEMBERED = 100_000
_LIST_FROM = 300
"""With so many calls to look up, their span is listed: a thousand calls come with one request."""
_LIST_AT_MOST = 20
"""Rows read for each call that is looked for; in a denser account the rest is fetched one by one."""
_BEFORE = timedelta(days=1)
"""A call starts before its recordings, and lasts a day at most (Twilio ends it after 24 hours)."""


class CallBook:
    """The facts of calls. `facts` never asks the account; `look_up` and `fetch` do.

    A call that is gone is UNKNOWN: records are readable for 13 months and can be deleted, and recordings
    stay.
    """

    def __init__(self, client: Client, threads: int = 8) -> None:
        self._client = client
        self._threads = threads
        self._known: dict[str, CallFacts | Truth] = {}

    def facts(self, call_sid: str) -> CallFacts | Truth:
        """What is known of a call; NEEDED when nobody looked yet."""
        return self._known.get(call_sid, Truth.NEEDED)

    def fetch(self, call_sid: str) -> CallFacts | Truth:
        """What is known of a call, asking the account if need be. Raises TwilioError."""
        known = self._known.get(call_sid)
        if known is None:
            known = self._ask(call_sid)
            self._remember(call_sid, known)
        return known

    def look_up(self, call_sids: Iterable[str], first: datetime, last: datetime) -> None:
        """Get to know calls whose recordings were made from `first` to `last`. Raises TwilioError."""
        if len(self._known) > _REMEMBERED:
            self._known.clear()
        missing = {sid for sid in call_sids if sid not in self._known}
        if len(missing) >= _LIST_FROM:
            self._list(missing, first - _BEFORE, last + timedelta(minutes=1))
            missing = {sid for sid in missing if sid not in self._known}
        with ThreadPoolExecutor(self._threads, thread_name_prefix="voiceform-calls") as pool:
            for sid, facts in zip(missing, pool.map(self._ask, missing), strict=True):
                self._remember(sid, facts)

    def note(self, call: Call) -> None:
        """Remember a call that was read for another reason."""
        self._remember(call.sid, facts_of(call))

    def _list(self, wanted: set[str], start: datetime, end: datetime) -> None:
        budget = len(wanted) * _LIST_AT_MOST
        for call in self._client.list_calls(started_from=start, started_before=end):
            if call.sid in wanted:
                self.note(call)
            budget -= 1
            if budget <= 0:
                return

    def _ask(self, call_sid: str) -> CallFacts | Truth:
        try:
            return facts_of(self._client.fetch_call(call_sid))
        except (NotFoundError, InvalidArgumentError):
            return Truth.UNKNOWN

    def _remember(self, call_sid: str, facts: CallFacts | Truth) -> None:
        self._known[call_sid] = facts


@dataclass(frozen=True, slots=True)
class OneCall:
    """The facts of the very call that is weighed."""

    known: CallFacts

    def facts(self, call_sid: str) -> CallFacts:
        """Those facts."""
        return self.known


class FetchingCalls:
    """A book that asks the account as it is read; for looking again at single recordings."""

    def __init__(self, book: CallBook) -> None:
        self._book = book

    def facts(self, call_sid: str) -> CallFacts | Truth:
        """What is known, or what the account says. Raises TwilioError."""
        return self._book.fetch(call_sid)


@dataclass(frozen=True, slots=True)
class CallRow:
    """A call made to look like what rules match: it has neither source nor channels nor a conference."""

    call: Call
    source: str = ""
    channels: int | None = None
    conference_sid: str | None = None

    @property
    def sid(self) -> str:
        """The call's SID."""
        return self.call.sid

    @property
    def call_sid(self) -> str | None:
        """The call's SID again."""
        return self.call.sid

    @property
    def status(self) -> str:
        """The call's state."""
        return self.call.status

    @property
    def duration(self) -> int | None:
        """Seconds; nothing for a call that was not answered, which is no time."""
        return self.call.duration or 0

    @property
    def date_created(self) -> datetime | None:
        """When the call was made."""
        return self.call.date_created


def facts_of(call: Call) -> CallFacts:
    """What rules may ask about a call."""
    return CallFacts(call.from_, call.to, sys.intern(call.direction))
