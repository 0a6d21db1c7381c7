"""What came of a command over a fleet, kept in a temporary database: memory is flat in the number of
stacks."""

from __future__ import annotations

import os
import pickle
import re
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime

from voiceform.model.diagnostics import Diagnostic
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import (
    Alike,
    AlikeAmount,
    AlikeEffect,
    Amount,
    ChangeLine,
    FailedAlike,
    StackResult,
    Weight,
)

_DETAILS = (ExitCode.CHANGES, ExitCode.DRIFT)
_NAMED = 3
"""Changes of at most so many stacks, or of under a hundredth of them, stand out."""


class FleetReport:
    """How each stack ended, and what they have in common. What it tells does not change any more.

    `command` is what was done, `total` how many stacks were meant. `interrupted` says that it was told to
    stop; `stuck` that a rollout has stopped for plans that cannot be tried again; `digest` is that of the
    plans, where they are saved; `warnings` are about the fleet as a whole, and stop nothing."""

    def __init__(self, command: str, fleet: str, total: int, at: datetime) -> None:
        self.command = command
        self.fleet = fleet
        self.total = total
        self.at = at
        self.interrupted = False
        self.stuck = False
        self.warnings: tuple[Diagnostic, ...] = ()
        self.digest = ""
        self.counts: Counter[str] = Counter()
        self.codes: Counter[ExitCode] = Counter()
        self.seconds = 0.0
        self._amounts: Counter[tuple[str, str, str]] = Counter()
        self._store = _spool()

    def add(self, result: StackResult) -> None:
        """Take in how one stack ended."""
        self.codes[result.code] += 1
        self.counts.update(result.counts)
        self.seconds += result.seconds
        for amount in (each for change in dict.fromkeys(result.changes) for each in change.amounts):
            self._amounts[amount.verb, amount.one, amount.many] += amount.count
        try:
            self._insert(result)
        except sqlite3.OperationalError:  # there is no room any more, and what was done has to be told
            memory = _in_memory()
            self._store.backup(memory)
            self._store.close()
            self._store = memory
            self._insert(result)

    def _insert(self, result: StackResult) -> None:
        with self._store:
            self._store.execute("BEGIN")
            self._store.execute("INSERT INTO results VALUES (?, ?)", (result.stack, pickle.dumps(result)))
            if result.failed:
                failure = (result.code.rank, _general(result.error or result.line, result), result.stack)
                self._store.execute("INSERT INTO failures VALUES (?, ?, ?)", failure)
            for change in dict.fromkeys(result.changes):
                self._insert_change(change, result)

    def _insert_change(self, change: ChangeLine, result: StackResult) -> None:
        key = (str(change.weight), change.text)
        self._store.execute("INSERT INTO changes VALUES (?, ?, ?)", (*key, result.stack))
        for amount in change.amounts:
            row = (*key, amount.verb, amount.one, amount.many, amount.count, result.stack)
            self._store.execute("INSERT INTO amounts VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        for place, text in enumerate(change.effects):
            size = max((int(found.replace(",", "")) for found in _NUMBER.findall(text)[:1]), default=0)
            kind = _NUMBER.sub("#", _general(text, result))
            effect = (*key, kind, place, text, min(size, _GREATEST), result.stack)
            self._store.execute("INSERT INTO effects VALUES (?, ?, ?, ?, ?, ?, ?)", effect)

    @property
    def amounts(self) -> tuple[Amount, ...]:
        """How much of what all changes together do: what is destroyed, who is phoned."""
        return tuple(Amount(*words, count) for words, count in self._amounts.items())

    def results(self) -> Iterator[StackResult]:
        """How each stack ended, by name."""
        rows = self._store.execute("SELECT content FROM results ORDER BY name")
        yield from (pickle.loads(content) for (content,) in rows)  # noqa: S301 - written by `add` alone

    def failed_alike(self, most: int | None) -> Iterator[FailedAlike]:
        """Each reason for which stacks failed once, with at most so many of their names, all for None: the
        worst first, of those the most frequent."""
        rows = self._store.execute(
            "SELECT content, count, (SELECT group_concat(name, ' ') FROM (SELECT name FROM failures AS other"
            " WHERE other.rank = f.rank AND other.reason = f.reason ORDER BY name LIMIT ?))"
            " FROM (SELECT rank, reason, count(*) AS count, min(name) AS first FROM failures"
            " GROUP BY rank, reason) AS f JOIN results ON results.name = first"
            " ORDER BY rank, count DESC, first",
            (-1 if most is None else most,),
        )
        for content, count, names in rows:
            yield FailedAlike(pickle.loads(content), count, tuple(sorted(names.split())))  # noqa: S301 - as above

    def alike(self) -> Iterator[Alike]:
        """Each change once, with how many stacks have it; the gravest first, of those the most frequent."""
        ranks = " ".join(f"WHEN '{weight}' THEN {rank}" for rank, weight in enumerate(Weight))
        rows = self._store.execute(
            "SELECT weight, text, count(*), (SELECT group_concat(name, ' ') FROM"  # noqa: S608 - our own words
            " (SELECT name FROM changes AS c WHERE c.text = a.text AND c.weight = a.weight LIMIT ?))"
            f" FROM changes AS a GROUP BY weight, text ORDER BY CASE weight {ranks} END, count(*) DESC, text",
            (max(_NAMED, self.total // 100),),
        )
        for weight, text, count, names in rows:
            few = count <= _NAMED or count * 100 < self.total
            yield Alike(
                Weight(weight),
                text,
                count,
                tuple(sorted(names.split())),
                few and self.total > count,
                tuple(self._amounts_of(weight, text)),
                tuple(self._effects_of(weight, text)),
            )

    def _amounts_of(self, weight: str, text: str) -> Iterator[AlikeAmount]:
        rows = self._store.execute(
            "SELECT verb, one, many, sum(count), max(count), name FROM amounts"  # name: of the row with max()
            " WHERE text = ? AND weight = ? GROUP BY verb, one, many ORDER BY verb, one",
            (text, weight),
        )
        for verb, one, many, total, most, name in rows:
            yield AlikeAmount(Amount(verb, one, many, total), most, name)

    def _effects_of(self, weight: str, text: str) -> Iterator[AlikeEffect]:
        rows = self._store.execute(
            "SELECT kind, count(DISTINCT name), count(DISTINCT effect) FROM effects"
            " WHERE text = ? AND weight = ? GROUP BY kind ORDER BY min(place), kind",
            (text, weight),
        ).fetchall()
        for kind, count, different in rows:
            (effect, name) = self._store.execute(
                "SELECT effect, name FROM effects WHERE text = ? AND weight = ? AND kind = ?"
                " ORDER BY size DESC, name LIMIT 1",
                (text, weight, kind),
            ).fetchone()
            yield AlikeEffect(effect, count, name, same=different == 1)

    def findings(self) -> Iterator[tuple[Diagnostic, int, str]]:
        """Each finding once, with how many stacks have it and the name of one."""
        return alike((result.stack, finding) for result in self.results() for finding in result.findings)

    @property
    def done(self) -> int:
        """How many stacks were worked on."""
        return self.codes.total()

    @property
    def failures(self) -> int:
        """How many of them need a person, or another try."""
        return sum(count for code, count in self.codes.items() if code not in _WELL)

    def exit_code(self, *, detailed: bool = False) -> ExitCode:
        """The worst of all stacks; changes and drift only where it is asked for."""
        codes = [code for code in self.codes if detailed or code not in _DETAILS]
        if self.done < self.total:
            codes.append(ExitCode.INTERRUPTED if self.interrupted else ExitCode.INCOMPLETE)
        return ExitCode.worst(codes)

    def ended(self, *, detailed: bool) -> Iterator[StackResult]:
        """As `results`, with the exit code that each would have had by itself."""
        for result in self.results():
            well = not detailed and result.code in _DETAILS
            yield replace(result, code=ExitCode.DONE) if well else result


def alike(findings: Iterable[tuple[str, Diagnostic]]) -> Iterator[tuple[Diagnostic, int, str]]:
    """Each finding once, of those that stacks have, with how many they are and the name of the first."""
    found: dict[Diagnostic, tuple[int, str]] = {}
    for stack, finding in findings:
        count, first = found.get(finding, (0, stack))
        found[finding] = count + 1, first
    yield from ((finding, count, first) for finding, (count, first) in found.items())


def _spool() -> sqlite3.Connection:
    """A database in a file whose name is gone at once: nobody else can open it, and it goes with the
    connection. In memory where no such file can be, or none that can be used.

    With its log: what is written to a disk that has become full leaves what was there before readable."""
    try:
        handle, name = tempfile.mkstemp(prefix="voiceform-")
    except OSError:
        return _with_tables(_in_memory())
    os.close(handle)
    try:
        return _with_tables(sqlite3.connect(name, check_same_thread=False, isolation_level=None))
    except sqlite3.DatabaseError:
        return _with_tables(_in_memory())
    finally:
        for each in (name, f"{name}-wal"):
            with suppress(OSError):
                os.unlink(each)


def _in_memory() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", check_same_thread=False, isolation_level=None)


def _with_tables(store: sqlite3.Connection) -> sqlite3.Connection:
    store.executescript(
        "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
        "PRAGMA temp_store = MEMORY;"
        "CREATE TABLE results (name TEXT PRIMARY KEY, content BLOB);"
        "CREATE TABLE failures (rank INT, reason TEXT, name TEXT);"
        "CREATE INDEX by_reason ON failures (rank, reason, name);"
        "CREATE TABLE changes (weight TEXT, text TEXT, name TEXT);"
        "CREATE INDEX by_text ON changes (text, weight, name);"
        "CREATE TABLE amounts (weight TEXT, text TEXT, verb TEXT, one TEXT, many TEXT, count INT, name TEXT);"
        "CREATE INDEX amount_of ON amounts (text, weight);"
        "CREATE TABLE effects (weight TEXT, text TEXT, kind TEXT, place INT, effect TEXT, size INT,"
        " name TEXT);"
        "CREATE INDEX effect_of ON effects (text, weight, kind, size)"
    )
    return store


def _general(text: str, result: StackResult) -> str:
    """A text without what is only this stack's: name, account, identifiers, instants, durations."""
    own = (result.stack, result.account)
    return _UNIQUE.sub("#", _WORD.sub(lambda word: "#" if word[0] in own else word[0], text))


_WORD = re.compile(r"[\w-]+", re.ASCII)
_NUMBER = re.compile(r"[0-9][0-9,]*", re.ASCII)
_GREATEST = 2**62
_UNIQUE = re.compile(
    r"\b(?=[A-Za-z]*[0-9])(?:[A-Z]{2})?[0-9a-f]{12,}\b|\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:[\d.]+"
    r"|\b\d+(?:\.\d+)?(?:ns|[mµ]?s)\b",
    re.ASCII,
)
_WELL = (ExitCode.DONE, ExitCode.CHANGES, ExitCode.DRIFT)
