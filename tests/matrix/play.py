"""A scene played well, and then with faults: what must hold whatever happens, and where it does not."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.matrix.faults import Fault
from tests.matrix.ground import Facts, Ground, Kept, recorded
from tests.matrix.liar import Cell, Liar
from tests.matrix.scenes import Scene
from tests.support import Result
from voiceform.emulator.routing import OPERATIONS
from voiceform.model.exit_codes import ExitCode

WRITES = frozenset(name for name in OPERATIONS if name.startswith(("create", "update", "delete")))
PHONES = ("createCall", "createParticipant", "createCallRecording")
"""Operations that are not repeated after an answer that proves nothing."""
DESTROYS = ("deleteRecording", "deleteCall")
"""What goes by these goes for good, and is taken down."""
DONE = frozenset({ExitCode.DONE, ExitCode.CHANGES, ExitCode.DRIFT})
ADDRESS = re.compile(r"\b(queue|conference|call|retention|erasure)[.s][\w*-]+|\b(one|two)\b")
ADVICE = re.compile(
    r"run (\w+ )?again|run the command again|compare|plan again|erase again|check|look"
    r"|see https|lower|use |next run|resolve"
    r"|wait|will do|declare|state rm|--status"
)
INSTANT = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?( UTC|Z)?"
DIFFERS = "|".join((INSTANT, r"\d+ h( \d+ min)?", r'"(plan_id|digest|review_digest)": "[^"]*"'))
LONGEST = timedelta(minutes=15)
"""For so long a command may wait, by its own clock, whatever its answers ask for."""
PATIENCE = timedelta(minutes=8)
"""And for so long for each deletion: four rounds of two minutes, where there is one request at a time."""
REPEATED = 96
"""So many requests such a deletion may take when Twilio has too many for ever: twelve in each round, and as
many looks at whether it is there."""
LARGEST = 100 * 1024 * 1024
"""By so many bytes this process may grow, with the emulator and what it is answered with."""
STALL = ("--timeout", "1s")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run left the world, how long it waited and by how many bytes it grew."""

    result: Result
    facts: Facts
    phoned: Counter[str]
    sent: Counter[str]
    waited: timedelta = timedelta(0)
    grown: int = 0


@dataclass
class Play:
    """One scene on its ground; `outcome` is that of the last command with faults."""

    ground: Ground
    liar: Liar
    scene: Scene
    kept: Kept = field(init=False)
    argv: tuple[str, ...] = field(init=False)
    before: Facts = field(init=False)
    documents: list[dict[str, Any]] = field(init=False)
    clean: Outcome = field(init=False)
    last: Outcome = field(init=False)
    outcome: Outcome = field(init=False)
    forgotten: set[str] = field(init=False)
    runs: int = 0
    killed: bool = False
    met: list[Cell] = field(default_factory=list)

    def begin(self, base: Kept) -> None:
        """Prepare the ground, and play it without a fault."""
        ground, scene = self.ground, self.scene
        ground.put_back(base)
        scene.prepare(ground)
        words = scene.words(ground) if scene.words else ""
        self.argv = tuple(word.format(run=words) for word in scene.argv)
        self.kept = ground.keep(scene.name.replace(" ", "-"))
        self.before = ground.facts()
        self.documents = [ground.documents(state) for state in self._states()]
        self.liar.expect()
        self.clean = self._run(self.argv, self.scene.now)
        assert self.clean.result.code == scene.code, self.clean.result
        self.forgotten = self._forgotten(self.clean.facts)
        self.last = self._behind(self.clean)
        assert self.last.result.code == scene.code, self.last.result

    @property
    def operations(self) -> list[str]:
        """What the command asks for."""
        return sorted(self.clean.sent)

    def struck(self, cells: Iterable[Cell] = (), *, always: Cell | None = None) -> list[str]:
        """Play it with these faults, and then again without any; what did not hold."""
        self.ground.put_back(self.kept)
        self.liar.expect(cells, always=always)
        stalls = (always is not None and always.fault.stalls) or any(
            cell.fault.stalls for waiting in self.liar.cells.values() for cell in waiting
        )
        self.outcome = first = self._run((*(STALL if stalls else ()), *self.argv), self.scene.now)
        self.met = met = [cell for cell, _ in self.liar.met]
        told = [
            *self._harm(first),
            *self._said(first, met),
            *self._sent_twice(),
            *self._state(may_be_open=any(map(_leaves_a_deletion_open, met))),
        ]
        honest = all(_honest(cell) for cell in met)
        if honest:
            told += self._claims(first)
        in_doubt = bool(met) and first.result.code == ExitCode.UNKNOWN  # more, perhaps, than without a fault
        as_wanted = honest and first.result.code == self.scene.code and not in_doubt
        if as_wanted:
            told += self._as_clean(first)
        if not self.scene.reads and not as_wanted:
            told += self._afterwards(honest, first)
        where = "; ".join(dict.fromkeys(str(cell) for cell in met))
        tail = f"\n{first.result.out[-600:]}{first.result.err[-900:]}"
        return [f"{self.scene.name} with {where}: {what}{tail}" for what in told]

    def after_death(self) -> list[str]:
        """What does not hold when the command was killed, and when the next ones have run."""
        ground, self.killed = self.ground, True
        self.liar.settle()
        dead = Outcome(Result(-9, "", ""), ground.facts(), ground.phoned(), Counter(self.liar.sent))
        told = [*self._harm(dead), *self._torn(), *self._afterwards(True, dead), *self._sent_twice()]
        if self.scene.converges:
            last = Outcome(dead.result, ground.facts(), ground.phoned(), Counter())
            told += self._claims(last)
        return told

    def _run(self, argv: tuple[str, ...], now: datetime) -> Outcome:
        self.runs += 1
        result = self.ground.run(*argv, now=now)
        self.liar.settle()
        facts, phoned = self.ground.facts(), self.ground.phoned()
        return Outcome(result, facts, phoned, Counter(self.liar.sent), self.ground.waited, self.ground.grown)

    def _behind(self, outcome: Outcome) -> Outcome:
        """What comes of it, where another command is to show that."""
        then = self.scene.then
        return outcome if then is None else self._run(then, self.scene.now + timedelta(minutes=10))

    def _torn(self) -> Iterator[str]:
        """Files that others go by are whole, or there are none."""
        for path in self.ground.folder.glob("*.json"):
            try:
                json.loads(path.read_bytes())
            except ValueError as error:
                yield f"{path.name} is torn: {error}"

    def _harm(self, outcome: Outcome) -> Iterator[str]:
        """What no command may do, whatever it was told."""
        wanted = self.last.facts
        for key, value in self.before.items():
            found = outcome.facts.get(key, "deleted")
            if found not in (value, wanted.get(key, "deleted")) and not _between(
                found, value, wanted.get(key)
            ):
                yield f"{key} was {value} and is {found}; without the fault {wanted.get(key, 'deleted')}"
        made = _made(outcome.facts, self.before) - _made(wanted, self.before)
        if made:
            yield f"made beside what was wanted: {dict(made)}"
        more = outcome.phoned - self.last.phoned
        if more:
            yield f"phoned too often: {dict(more)}"
        if self.scene.reads and any(seen.method != "GET" for seen in self.liar.requests):
            yield "a command that reads has written"
        deletions = sum(self.last.sent[name] for name in DESTROYS)
        if outcome.waited > LONGEST + deletions * PATIENCE:
            yield f"waited for {outcome.waited}"
        if outcome.grown > LARGEST:
            yield f"grew by {outcome.grown:,} bytes"
        most = 20 * sum(self.last.sent.values()) + 60 + deletions * REPEATED
        if sum(outcome.sent.values()) > most:
            yield f"{sum(outcome.sent.values())} requests, without the fault {sum(self.last.sent.values())}"

    def _said(self, outcome: Outcome, met: list[Cell]) -> Iterator[str]:
        """What people are told."""
        result = outcome.result
        text = result.out + result.err
        flat = " ".join(text.split())
        if result.code not in list(ExitCode):
            yield f"exit code {result.code}"
        for bad in ("Traceback", "failed unexpectedly", "object at 0x"):
            if bad in text:
                yield f"said {bad!r}"
        if "\x1b" in text or "\n::" in text:
            yield "controls in the output"
        if (
            result.code in DONE
            or result.code == self.scene.code
            or (not met and result.code in self.scene.over)
        ):
            return
        if not any(name in text for name in (*OPERATIONS, *self.argv[1:])) and not ADDRESS.search(text):
            yield f"exit {result.code} without saying where"
        if not ADVICE.search(flat):
            yield f"exit {result.code} without saying what to do"

    def _sent_twice(self) -> Iterator[str]:
        """Requests that phone somebody are sent once, unless the answer proves that nothing was done."""
        proven = {id(seen) for cell, seen in self.liar.met if _refuses(cell)}
        sent = Counter(
            (parse_qs(seen.body).get("To", [""])[0], seen.target)
            for seen in self.liar.requests
            if seen.method == "POST"
            and re.search(r"/(Calls|Participants|Recordings)\.json$", seen.target)
            and id(seen) not in proven
        )
        for (to, target), times in sent.items():
            if times > 1:
                yield f"sent {times} times: {target.rpartition('/')[2]} to {to}"

    def _state(self, *, may_be_open: bool = False, now: datetime | None = None) -> Iterator[str]:
        """The state can be read, nobody holds it (who is dead, beyond `now`), and no run is left open but
        where it `may_be_open`."""
        for state in self._states():
            documents = self.ground.documents(state)
            for key, document in documents.items():
                if (
                    key.startswith("lease")
                    and document.get("holder") is not None
                    and (now is None or datetime.fromisoformat(document["expires_at"]) > now)
                ):
                    yield f"{key} is still held"
            if documents.get("meta", {}).get("unfinished") and not may_be_open:
                yield "a run is left open"

    def _states(self) -> list[str]:
        folder: Path = self.ground.folder / "states"
        return [f"sqlite:///{path}" for path in folder.glob("*.db")] or [self.ground.state]

    def _evidence(self) -> list[Path]:
        """The folders of evidence: one, or one of each stack of a fleet."""
        return sorted(self.ground.folder.rglob("evidence"))

    def _claims(self, outcome: Outcome) -> Iterator[str]:
        """What is recorded is so: in the evidence, of resources and of calls."""
        facts = outcome.facts
        for table, sid in _destroyed(self._evidence()):
            if facts.get((table, sid), (0,)) == (1,):
                yield f"evidence says that {sid} is gone, and it is there"
        for state in self._states():
            documents = self.ground.documents(state)
            ledgers = [document for key, document in documents.items() if key.startswith("ledger/")]
            for sid in set(re.findall(r"CA[0-9a-f]{32}", json.dumps(ledgers))):
                if ("calls", sid) not in facts:
                    yield f"the ledger has {sid}, which is no call"
        for lost in self._forgotten(facts) - self.forgotten:
            yield f"{lost} is there, and forgotten"

    def _forgotten(self, facts: Facts) -> set[str]:
        """The queues that were recorded, are there, and are recorded no more."""
        before = {sid for documents in self.documents for sid in recorded(documents).values()}
        after = {sid for state in self._states() for sid in recorded(self.ground.documents(state)).values()}
        return {str(sid) for sid in before - after if ("queues", str(sid)) in facts}

    def _as_clean(self, outcome: Outcome) -> Iterator[str]:
        """All is as it would have been without the fault, and what is gone was taken down."""
        folders = self._evidence()
        taken_down = {*_destroyed(folders)} if folders else None
        for key, was in self.before.items():
            now = outcome.facts.get(key)
            gone = key[0] in ("recordings", "calls") and now in (None, (0,)) and was != now
            if gone and taken_down is not None and key not in taken_down:
                yield f"{key[1]} is gone, and no evidence says so"
        found, wanted = (_seen(facts, self.before) for facts in (outcome.facts, self.last.facts))
        if found != wanted:
            yield (
                f"ended with {outcome.result.code}, but has {dict(found - wanted)}"
                f" and not {dict(wanted - found)}"
            )
        unheard = {*(self.last.phoned - outcome.phoned)} - self._in_doubt()
        if unheard:
            yield f"ended with {outcome.result.code}, but did not phone {unheard}"
        partly = self.scene.partly is not None and self.scene.partly in outcome.result.out
        if (
            self.scene.reads
            and not partly
            and _timeless(outcome.result.out) != _timeless(self.clean.result.out)
        ):
            yield f"ended with {outcome.result.code}, but said something else: {outcome.result.out}"

    def _in_doubt(self) -> set[str]:
        """Who may have been phoned, by the ledger of a run that was killed between reserving and asking."""
        if not self.killed:
            return set()
        return {
            key.rpartition("|")[2]
            for state in self._states()
            for name, document in self.ground.documents(state).items()
            if name.startswith("ledger/")
            for key, entry in document["calls"].items()
            if entry["status"] in ("reserved", "unknown")
        }

    def _afterwards(self, honest: bool, first: Outcome) -> Iterator[str]:
        """When the fault is over, the next runs bring all to where it would have been."""
        self.liar.cells, self.liar.always = {}, None
        again, unknown = self.scene.again or self.argv, first.result.code == ExitCode.UNKNOWN
        now, outcome, fine = self.scene.now, first, {*DONE, self.scene.code, *self.scene.over}
        for _ in range(3):
            now += timedelta(minutes=3)
            outcome = self._run(again, now)
            yield from self._harm(outcome)
            yield from self._said(outcome, [])
            unknown |= outcome.result.code == ExitCode.UNKNOWN
            if outcome.result.code in fine:
                break
        yield from self._state(now=now if self.killed else None)
        if not honest or not self.scene.converges:
            yield from self._harm(self._behind(outcome))
            return
        for folder in () if unknown else self._evidence():
            verified = self.ground.run("prune", "verify", str(folder), now=now)
            if verified.code != ExitCode.DONE:
                yield f"the evidence does not hold: {verified}"
        if outcome.result.code not in fine and not unknown:
            yield f"does not recover: {outcome.result}"
        elif not unknown and not self.scene.reads:
            outcome = self._behind(outcome)
            yield from self._harm(outcome)
            yield from self._as_clean(outcome)


def _destroyed(folders: Iterable[Path]) -> Iterator[tuple[str, str]]:
    """Table and SID of all that the evidence calls gone."""
    tables = {"recording": "recordings", "call-record": "calls"}
    for path in (found for folder in folders for found in sorted(folder.glob("*.jsonl"))):
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if not line.endswith("\n"):  # the next run cuts it off
                continue
            entry = json.loads(line)
            if entry["event"] in tables and entry["status"] in ("deleted", "already-gone", "found-gone"):
                yield tables[entry["event"]], entry["sid"]


def _honest(cell: Cell) -> bool:
    """Whether a careful reader can know better; nobody can when a deletion is answered as it should be."""
    nothing = cell.operation.startswith("delete") and cell.fault.step.startswith(b"HTTP/1.1 204")
    return cell.fault.honest and not nothing


def _between(found: object, before: object, after: object) -> bool:
    """Whether each column is as before or as wanted."""
    if not (isinstance(found, tuple) and isinstance(before, tuple) and isinstance(after, tuple)):
        return False
    return all(value in pair for value, *pair in zip(found, before, after, strict=True))


def _made(facts: Facts, before: Facts) -> Counter[object]:
    return Counter((key[0], value) for key, value in facts.items() if key not in before and key[0] != "calls")


def _seen(facts: Facts, before: Facts) -> Counter[object]:
    """The same for all worlds in which the same happened: new SIDs do not count."""
    return Counter(
        (key if key in before else key[0], value)
        for key, value in facts.items()
        if key[0] != "calls" or key in before
    )


def _refuses(cell: Cell) -> bool:
    """Whether the answer proves that the request was not carried out."""
    if cell.fault.name.startswith("foreign") and cell.operation in WRITES:
        return False
    return re.match(rb"HTTP/1.1 4(?!08)\d\d ", cell.fault.step) is not None


def _leaves_a_deletion_open(cell: Cell) -> bool:
    """Whether nobody can know, of something that goes for good, that it stays: the next run has to look."""
    return cell.operation in DESTROYS and not _refuses(cell)


def _timeless(text: str) -> list[str]:
    """The lines without what differs from run to run; what is side by side comes in any order."""
    return sorted(" ".join(line.split()) for line in re.sub(DIFFERS, "", text).splitlines())


def may_follow(operation: str, fault: Fault) -> bool:
    """Whether the fault may come when the request was carried out: a 4xx of Twilio's says that it was not."""
    return fault.edit is None and (
        operation not in (*PHONES, *DESTROYS) or not _refuses(Cell(operation, fault))
    )
