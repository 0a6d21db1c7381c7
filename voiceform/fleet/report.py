"""What came of a command over a fleet, kept in a temporary database: memory is flat in the number of
stacks."""

from __future__ import annotations

import pickle
import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from voiceform.model.diagnostics import Diagnostic
from voiceform.model.exit_codes import ExitCode
from voiceform.model.fleet import Alike, StackResult, Weight

_NAMED = 3
"""Changes of at most so many stacks, or of under a hundredth of them, stand out."""


class FleetReport:
    """How each stack ended, and what they have in common. What it tells does not change any more.

    `command` is what was done, `total` how many stacks were meant. `interrupted` says that it was told to
    stop; `digest` is that of the plans, where they are saved."""

    def __init__(self, command: str, fleet: str, total: int, at: datetime) -> None:
        self.command = command
        self.fleet = fleet
        self.total = total
        self.at = at
        self.interrupted = False
        self.digest = ""
        self.counts: Counter[str] = Counter()
        self.codes: Counter[ExitCode] = Counter()
        self.seconds = 0.0
        # A file without a name, which nobody else can open and which goes with the connection.
        self._store = sqlite3.connect("", check_same_thread=False, isolation_level=None)
        self._store.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;"
            "CREATE TABLE results (name TEXT PRIMARY KEY, failed INT, content BLOB);"
            "CREATE TABLE changes (weight TEXT, text TEXT, name TEXT);"
            "CREATE INDEX by_text ON changes (text, weight, name)"
        )

    def add(self, result: StackResult) -> None:
        """Take in how one stack ended."""
        self.codes[result.code] += 1
        self.counts.update(result.counts)
        self.seconds += result.seconds
        self._store.execute(
            "INSERT INTO results VALUES (?, ?, ?)", (result.stack, result.failed, pickle.dumps(result))
        )
        self._store.executemany(
            "INSERT INTO changes VALUES (?, ?, ?)",
            [(str(change.weight), change.text, result.stack) for change in result.changes],
        )

    def results(self, *, failed: bool = False) -> Iterator[StackResult]:
        """How each stack ended, by name; only those that `failed` if asked."""
        rows = self._store.execute(
            "SELECT content FROM results WHERE failed >= ? ORDER BY name", (int(failed),)
        )
        yield from (pickle.loads(content) for (content,) in rows)  # noqa: S301 - written by `add` alone

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
            yield Alike(Weight(weight), text, count, tuple(sorted(names.split())), few and self.total > count)

    def findings(self) -> Iterator[tuple[Diagnostic, int, str]]:
        """Each finding once, with how many stacks have it and the name of one."""
        found: dict[Diagnostic, tuple[int, str]] = {}
        for result in self.results():
            for finding in result.findings:
                count, first = found.get(finding, (0, result.stack))
                found[finding] = count + 1, first
        yield from ((finding, count, first) for finding, (count, first) in found.items())

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
        codes = [code for code in self.codes if detailed or code not in (ExitCode.CHANGES, ExitCode.DRIFT)]
        if self.done < self.total:
            codes.append(ExitCode.INTERRUPTED if self.interrupted else ExitCode.INCOMPLETE)
        return ExitCode.worst(codes)


_WELL = (ExitCode.DONE, ExitCode.CHANGES, ExitCode.DRIFT)
