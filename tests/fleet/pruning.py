"""Retention of many accounts: what is seeded, and whether exactly that happened which was to happen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import requests

from tests.fleet.fleets import TOKEN, FleetFolder, sid

IN_FLIGHT = 8
"""Requests of each account at once. With so many a run has more threads than it may have requests."""
RETENTION = (
    "version: 1\nsafety: {max_deletes: 10, max_delete_percent: 100, max_recording_deletes: 1000000}\n"
    "retention: {recordings: [{name: all, keep: 90d}]}\n"
)
_LISTED = 200_000
"""Where more stay than that, not all of them are listed."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Of each account by its number how many are due, and how many of each are to stay."""

    due: Mapping[int, int]
    young: int

    @property
    def all_due(self) -> int:
        """Of all accounts."""
        return sum(self.due.values())

    @property
    def all(self) -> int:
        """With those that are to stay."""
        return self.all_due + len(self.due) * self.young

    def seed(self, fleet: FleetFolder) -> None:
        """Put them into the emulator."""
        for number, due in self.due.items():
            old = {"count": due, "start": "2020-01-01T00:00:00Z", "end": "2021-01-01T00:00:00Z"}
            young = {"count": self.young, "start": (datetime.now(UTC) - timedelta(days=9)).isoformat()}
            for made in (old, young):
                fleet.emulator.seed({"account_sid": sid(number), "generate": {"recordings": made}})


def deletions(fleet: FleetFolder) -> int:
    """Requests that a deletion was asked with."""
    return int(fleet.emulator.stats()["by_operation"].get("deleteRecording", 0))


def complaints(
    fleet: FleetFolder, recordings: Recordings, evidence: str, *, programs: int, stopped: int
) -> list[str]:
    """What is not as it must be after so many programs at once, of which so many stacks were stopped.

    Whoever asks has the environment that opens the evidence."""
    return [
        *_left(fleet, recordings),
        *_asked(fleet, recordings, stopped),
        *_at_once(fleet, recordings, programs),
        *_taken_down(fleet, recordings, evidence),
    ]


def _left(fleet: FleetFolder, recordings: Recordings) -> Iterator[str]:
    """Each list of what was due, and of what is to stay as many as can be listed in reasonable time: what was
    asked for says of all accounts that nothing else can be gone."""
    every = 1 + len(recordings.due) * recordings.young // _LISTED
    for number in recordings.due:
        if left := _live(fleet, number, "DateCreated<=2022-01-01"):
            yield f"{number}: {left} that were due are left"
        stay = recordings.young if number % every else _live(fleet, number, "DateCreated>=2022-01-01")
        if stay != recordings.young:
            yield f"{number}: {stay} are left of the {recordings.young} that were to stay"


def _live(fleet: FleetFolder, number: int, query: str) -> int:
    path, count = f"/2010-04-01/Accounts/{sid(number)}/Recordings.json?PageSize=1000&{query}", 0
    with requests.Session() as session:
        while path:
            url = f"{fleet.emulator.url}{path}"
            page = session.get(url, auth=(sid(number), TOKEN), timeout=600).json()
            count, path = count + len(page["recordings"]), page["next_page_uri"]
    return count


def _asked(fleet: FleetFolder, recordings: Recordings, stopped: int) -> Iterator[str]:
    """Asked for again is only what was in flight when a stack was stopped, whose answer nobody has."""
    times: dict[str, Counter[str]] = {sid(number): Counter() for number in recordings.due}
    for entry in fleet.emulator.requests("deleteRecording"):
        _, _, _, account, _, recording = entry["path"].split("/")
        times[account][recording] += 1
    repeated = 0
    for number, due in recordings.due.items():
        asked = times[sid(number)]
        if len(asked) != due:
            yield f"{number}: {len(asked)} were asked for, and {due} were due"
        again = asked.total() - len(asked)
        repeated += again > 0
        if again > IN_FLIGHT or max(asked.values(), default=0) > 2:
            yield f"{number}: {again} were asked for again"
    if repeated > stopped:
        yield f"of {repeated} accounts some were asked for again"


def _at_once(fleet: FleetFolder, recordings: Recordings, programs: int) -> Iterator[str]:
    """One deletes, whoever has the lock; meanwhile the others may read what they will be about."""
    stats = fleet.emulator.stats()
    for number in recordings.due:
        most = stats["max_writes_in_flight_by_account"].get(sid(number), 0)
        if most > IN_FLIGHT:
            yield f"{number}: {most} deletions at once"
        most = stats["max_in_flight_by_account"][sid(number)]
        if most > programs * IN_FLIGHT:
            yield f"{number}: {most} requests at once"


def _taken_down(fleet: FleetFolder, recordings: Recordings, evidence: str) -> Iterator[str]:
    """Also what the dead had deleted and not taken down any more."""
    for number, due in recordings.due.items():
        place = evidence.replace("{stack}", f"stack-{number}")
        verified = fleet.main("prune", "verify", place, "--format", "json")
        if verified.code != 0:
            yield f"{number}: the evidence does not verify: {verified.out}{verified.err}"
        elif verified.json["deleted"] != due:
            yield f"{number}: evidence of {verified.json['deleted']}, and {due} were due"
