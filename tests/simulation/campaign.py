"""What is asked of a schedule that goes in waves: whom it may call, when, and how often.

Counted at the server, from what was sent there and what became of it; of the state only what was applied, and
which pauses stood.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any

from tests.simulation.declared import CAMPAIGN, DELAY, FIRST, LEDGER, SETTLE, THEN
from voiceform.kinds.call.ledger.entries import CallStatus, Key
from voiceform.kinds.call.spec import digest_of
from voiceform.model.numbers import person
from voiceform.model.store import Write

if TYPE_CHECKING:
    from tests.simulation.actors import Actor
    from tests.simulation.network import Sent, Server
    from tests.simulation.store import Disk
    from tests.simulation.universe import Universe

LOOKED_BEFORE = 3.0
"""Seconds between a look at the state and the request that it was for, at most, where nothing was held up."""
CLOCKS = 10.0
"""Seconds by which clocks that agree may tell different times, and what is rounded."""


def who(to: str) -> str:
    """Who is called at an address."""
    return person(to) or to


@dataclass(frozen=True, slots=True)
class Call:
    """A call that there was: when it was asked for first, and, of one that is over, when it ended and how."""

    whom: str
    asked: float
    ended: float | None
    how: str


@dataclass(slots=True)
class Watch:
    """Looks at each request for a call as it leaves."""

    disk: Disk
    violations: list[str]
    resumed: bool = False
    """Whether anybody let a schedule go on by hand."""
    taken_back: bool = False
    """Whether anybody began to take calls back."""
    canceled: dict[str, float] = field(default_factory=dict)
    """Who was on the list when somebody took the calls back, and since when it was said that nobody will be
    called."""

    versions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The lists that were ever applied, by the digests that heads of ledgers name them by."""
    put_off: set[str] = field(default_factory=set)
    """Whose call was put off at any time: no wave waits for them."""

    def note(self, write: Write) -> None:
        """Something is stored."""
        if write.document is None:
            return
        if write.key.startswith("resources/call."):
            attributes = write.document["attributes"]
            self.versions[digest_of(attributes)] = tuple(attributes["to"])
        if write.key.startswith(f"ledger/{LEDGER}/"):
            for text, entry in write.document["calls"].items():
                if entry["status"] == CallStatus.DEFERRED:
                    self.put_off.add(who(Key.parse(text).to))

    def look(self, sent: Sent, actor: Actor) -> None:
        """A call is asked for: it has to be planned or declared, and nobody may have paused it."""
        if sent.operation != "createCall" or sent.process.paused_for:
            return
        to, name = sent.form["To"], actor.name
        since, pause = self._pause(LEDGER if to in CAMPAIGN else None)
        if pause and sent.at - since > LOOKED_BEFORE:
            self.violations.append(f"{name} called {to} {sent.at - since:.0f} s after a pause of {pause}")
        if to not in CAMPAIGN:
            return
        if actor.due is not None and to not in actor.due:
            self.violations.append(f"{name} called {to}, who was not in its plan")
        since, declared = self._declared()
        in_force = self.versions.get(str(self._head().get("applied")), ())
        if actor.due is None and to not in (*declared, *in_force) and sent.at - since > LOOKED_BEFORE:
            self.violations.append(f"{name} called {to} {sent.at - since:.0f} s after the list lost him")
        back = self.canceled.get(who(to))
        if back is not None and sent.at - back > LOOKED_BEFORE:
            self.violations.append(f"{name} called {to} {sent.at - back:.0f} s after that was taken back")

    def cancel(self, now: float, people: Iterable[str]) -> None:
        """Somebody has taken back the calls to these people."""
        for to in people:
            self.canceled.setdefault(who(to), now)

    def people(self) -> tuple[str, ...]:
        """Whom the campaign that is applied now calls."""
        return self._declared()[1]

    def _head(self) -> dict[str, Any]:
        """The head of the campaign's ledger: which list is in force, it says before that is recorded."""
        heads: dict[str, dict[str, Any]] = self.disk.read("ledger-heads/")
        return heads.get(f"ledger-heads/{LEDGER}", {})

    def _declared(self) -> tuple[float, tuple[str, ...]]:
        """Whom the campaign that is applied calls, and since when."""
        documents = self.disk.read("resources/call.")
        lists = (
            tuple(document["attributes"]["to"])
            for document in documents.values()
            if document["attributes"].get("ledger") == LEDGER
        )
        return self.disk.changed_at("resources/call."), next(lists, ())

    def _pause(self, ledger: str | None) -> tuple[float, str | None]:
        """Which pause stands, and since when."""
        pauses = self.disk.read("pauses/").get("pauses/calls", {"pauses": {}})["pauses"]
        for name in ("*", ledger):
            events = pauses.get(name, ())
            if events and events[-1]["event"] == "paused":
                return self.disk.changed_at("pauses/"), name
        return 0.0, None


def campaign_checks(universe: Universe) -> Iterator[str]:
    """What is to be said of the calls of the whole history."""
    calls = calls_of(universe.server)
    yield from _repeated(calls, universe.clocks_agree)
    if universe.clocks_agree:
        yield from _begun_too_early([call for call in calls if call.whom not in universe.watch.put_off])


def calls_of(server: Server) -> list[Call]:
    """The campaign's calls that there were, in the order in which they were asked for."""
    server.look()
    rows = {row["sid"]: row for row in server.calls()}
    found: list[Call] = []
    first: dict[tuple[str, str], float] = {}
    for sent in server.sent:
        if sent.operation != "createCall" or sent.form["To"] not in CAMPAIGN:
            continue
        asked = first.setdefault((sent.process.name, sent.form["To"]), sent.at)
        if sent.done is None or sent.status != 201:
            continue
        del first[sent.process.name, sent.form["To"]]
        row = rows[json.loads(sent.body)["sid"]]
        found.append(Call(who(sent.form["To"]), asked, server.ended(row), row["status"]))
    return sorted(found, key=lambda call: call.asked)


def _repeated(calls: list[Call], clocks_agree: bool) -> Iterator[str]:
    """Nobody is called a third time, nor again but after a busy line and the delay."""
    by_person: dict[str, list[Call]] = {}
    for call in calls:
        before = by_person.setdefault(call.whom, [])
        if len(before) > 1:
            yield f"{call.whom} was called more than twice"
        for last in before[-1:]:
            early = last.ended is None or call.asked < last.ended + (DELAY - CLOCKS if clocks_agree else 0)
            if last.how != "busy" or early:
                yield f"{call.whom} was called again at {call.asked:.0f}, though the first call: {last}"
        before.append(call)


def _begun_too_early(calls: list[Call]) -> Iterator[str]:
    """Of whom it is not known how the call ended, and who was called a short while ago, there is one wave."""
    firsts = {call.whom: call for call in reversed(calls)}
    for call in firsts.values():
        lately = [
            other.whom
            for other in firsts.values()
            if call.asked - (SETTLE - CLOCKS) < other.asked <= call.asked
            and (other.ended is None or other.ended > call.asked)
        ]
        if len(lately) > max(FIRST, THEN):
            yield f"{call.whom} was called at {call.asked:.0f} while {len(lately) - 1} others had not settled"


def busy_checks(universe: Universe) -> Iterator[str]:
    """Where every line is busy nobody is called behind the first wave, unless somebody lets it go on. (Whom
    somebody canceled or nobody called in time may have been the first wave; and a call that was taken back
    while it rang was no busy line.)"""
    calls = calls_of(universe.server)
    if universe.lines != "busy" or universe.watch.resumed or any(call.how == "canceled" for call in calls):
        return
    called = {call.whom for call in calls}
    if len(called) > (FIRST if universe.clocks_agree and not universe.watch.taken_back else THEN):
        yield f"{len(called)} people were called, although every line is busy"


def numbers(draw: Random, lines: str) -> list[dict[str, Any]]:
    """For a seed of the account: how the lines are of the people whom the campaign calls."""
    words = {"free": ("human",), "busy": ("busy",), "mixed": ("human", "busy", "failed", "no-answer")}
    ends = {to: [draw.choice(words[lines]) for _ in range(2)] for to in sorted(CAMPAIGN)}
    return [{"phone_number": to, "outcomes": end, "talk_seconds": 10} for to, end in ends.items()]
