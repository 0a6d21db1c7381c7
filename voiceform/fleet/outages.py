"""Servers that no stack of a run can reach, and commands for credentials that hang: who needs one does not
ask it again and again.

To find out that a server is gone takes each stack some seconds, and of a thousand half an hour.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from voiceform.fleet.jobs import Job, failed
from voiceform.fleet.member import in_capitals
from voiceform.model.clock import Clock
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import StackResult

_GONE = timedelta(seconds=20)
"""For so long nobody has reached it, and then it is asked by one stack only, as often as that."""
_FORGOTTEN = timedelta(minutes=3)
"""Who has not been asked for so long may have answered meanwhile: attempts take less."""
_WORDS = {
    "api": "the API",
    "state": "the server of the state",
    "command": "the command that has the credentials",
}

_WORD = re.compile(r"[\w-]+", re.ASCII)

Key = tuple[str, ...]
"""Which server (see VoiceformError), and what else tells it from others."""


@dataclass(slots=True)
class _Outage:
    first: str
    since: datetime
    asked_at: datetime

    @property
    def lasts(self) -> timedelta:
        return self.asked_at - self.since


class Outages:
    """What is known of servers in one run. A short outage is nothing: only what lasts is told. Safe for many
    threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[Key, _Outage] = {}

    def result(self, job: Job) -> StackResult | None:
        """How a stack ends that needs a server which is gone; None for one that may ask."""
        with self._lock:
            now = self._clock.now()
            for key in _keys(job):
                known = self._known.get(key)
                if known is None or known.lasts < _GONE:
                    continue
                if now - known.asked_at >= _GONE:
                    known.asked_at = now  # this one finds out whether it is back
                    continue
                return _not_asked(job, key, known)
        return None

    def heard(self, job: Job, result: StackResult) -> StackResult:
        """Take in how a stack ended that has asked; the result as it is."""
        with self._lock:
            now = self._clock.now()
            for key in _keys(job):
                known = self._known.get(key)
                if key[0] != result.unreachable:
                    if result.code is not ExitCode.ERROR:
                        self._known.pop(key, None)
                elif known is None or now - known.asked_at >= _FORGOTTEN:
                    self._known[key] = _Outage(job.member.name, now, now)
                else:
                    known.asked_at = now
        return result


def _not_asked(job: Job, key: Key, known: _Outage) -> StackResult:
    told = f"{_WORDS[key[0]]} does not answer, as {known.first} tells, and was not asked again"
    return failed(job, ExitCode.ERROR, f"{told}\n  run it again once it answers")


def _keys(job: Job) -> Iterator[Key]:
    """What a stack needs: the server of its state, and the API in its region. Databases and buckets of one
    server are told apart: the errors of one say nothing of the others. So are commands, but for what they ask
    about."""
    member = job.member
    own = (member.name, member.account, in_capitals(member.name))
    for source in member.credentials.values():
        if source.kind == "command":
            words = (
                _WORD.sub(lambda word: "#" if word[0] in own else word[0], each) for each in source.words
            )
            yield "command", *words
    yield "api", member.region or "", member.edge or ""
    try:
        url = urlsplit(member.state or "")
    except ValueError:  # what `${NAME}` stands for makes it whole, where that is known
        return
    if url.scheme in ("postgresql", "postgres"):
        options = [each for each in url.query.split("&") if not each.startswith("schema=")]
        yield "state", url.netloc, url.path, *options
    elif url.netloc:
        yield "state", url.scheme, url.netloc, url.query
