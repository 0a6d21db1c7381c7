"""The ground on which matrices are played: an emulator and a folder, which can be put back as they were, and
what an auditor finds at the server and in the state."""

from __future__ import annotations

import contextlib
import io
import json
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from tests.support import ACCOUNT, TOKEN, Result
from voiceform.cli import main
from voiceform.emulator import Emulator
from voiceform.emulator.telephony import settle
from voiceform.emulator.world import World
from voiceform.model.clock import ManualClock
from voiceform.state.open import open_store

Found = TypeVar("Found")
STATE = "sqlite:///.voiceform/state.db"
FACTS = {
    "queues": "friendly_name, max_size",
    "conferences": "status",
    "participants": "conference_sid, label, muted, hold",
    "recordings": "deleted IS NULL",
    "calls": "1",
}
"""What the auditor looks at, in the columns of the emulator's tables."""

Facts = dict[tuple[str, str], object]
"""What there is at the server: the columns of each object by table and SID."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A ground as it was at a moment."""

    data: sqlite3.Connection
    random: Any
    folder: Path


class Ground:
    """One emulator and one folder. `base_url` is where commands find the API.

    Of the last command `waited` is how long it waited, by its own clock, and `grown` by how many bytes this
    process grew at most meanwhile, with the servers that are in it.
    """

    def __init__(self, emulator: Emulator, folder: Path) -> None:
        self.emulator = emulator
        self.folder = folder / "stack"
        self.folder.mkdir()
        self._kept = folder / "kept"
        self.base_url = emulator.url
        self.environ = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN, "TOKEN": TOKEN}
        self.state = STATE
        self.waited = timedelta(0)
        self.grown = 0

    @property
    def world(self) -> World:
        """What the emulator knows: in its own thread alone (`at_server`)."""
        world: World = self.emulator._server.config.app.world
        return world

    def write(self, text: str, name: str = "voiceform.yaml") -> None:
        """A file in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def run(self, *argv: str, now: datetime) -> Result:
        """One command in the folder, with both clocks at `now`."""
        self.emulator.clock(now=now.isoformat(), frozen=True)
        environ = {**self.environ, "VOICEFORM_BASE_URL": self.base_url, "VOICEFORM_STATE": self.state}
        out, err, clock = io.StringIO(), io.StringIO(), ManualClock(now)
        before = _peak_begins()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["-C", str(self.folder), *argv], environ=environ, clock=clock)
        self.grown, self.waited = _resident("VmHWM") - before, clock.now() - now
        return Result(code, out.getvalue(), err.getvalue())

    def ok(self, *argv: str, now: datetime) -> Result:
        """One command that must end with 0."""
        result = self.run(*argv, now=now)
        assert result.code == 0, f"{argv} ended with {result.code}\n{result.out}\n{result.err}"
        return result

    def at_server(self, work: Callable[[], Found]) -> Found:
        """What `work` finds in the server's own thread, between two of its requests: in another one it would
        be in the middle of what is just being done, or would let time pass twice at once."""
        done: Future[Found] = Future()

        def working() -> None:
            try:
                done.set_result(work())
            except BaseException as error:
                done.set_exception(error)

        self.emulator._server.servers[0].get_loop().call_soon_threadsafe(working)
        return done.result()

    def keep(self, name: str) -> Kept:
        """All of it as it is now, with SQLite's log folded in."""
        folder = self._kept / name
        shutil.copytree(self.folder, folder)
        data = sqlite3.connect(":memory:", check_same_thread=False)

        def copied() -> Kept:
            self.world.store._connection.backup(data)
            return Kept(data, self.world.random.getstate(), folder)

        return self.at_server(copied)

    def put_back(self, kept: Kept) -> None:
        """As it was then; the log of requests is empty."""
        shutil.rmtree(self.folder)
        shutil.copytree(kept.folder, self.folder)
        self.emulator.reset()

        def copied() -> None:
            kept.data.backup(self.world.store._connection)
            self.world.random.setstate(kept.random)
            self.world.next_due = self.world._next_due()

        self.at_server(copied)

    def facts(self) -> Facts:
        """What there is at the server now."""

        def found() -> Facts:
            settle(self.world)
            return {
                (table, row[0]): tuple(row)[1:]
                for table, columns in FACTS.items()
                for row in self.world.store.all(f"SELECT sid, {columns} FROM {table}")
            }

        return self.at_server(found)

    def sids_of(self, account: str) -> set[tuple[str, str]]:
        """The table and SID of each object of an account."""
        return self.at_server(
            lambda: {
                (table, row[0])
                for table in FACTS
                for row in self.world.store.all(f"SELECT sid FROM {table} WHERE account = ?", account)
            }
        )

    def phoned(self) -> Counter[str]:
        """How often each number is called by this account."""
        query = "SELECT to_number FROM calls WHERE direction = 'outbound-api'"
        return self.at_server(lambda: Counter(row[0] for row in self.world.store.all(query)))

    def documents(self, state: str | None = None) -> dict[str, Any]:
        """What is recorded, by key, checksums and all."""
        with open_store(state or self.state, base_dir=self.folder) as store:
            return {entry.key: entry.document for entry in store.list("")}


def recorded(documents: dict[str, Any]) -> dict[str, str | None]:
    """The SID under each recorded address."""
    head = "resources/"
    return {key[len(head) :]: found.get("sid") for key, found in documents.items() if key.startswith(head)}


def text_of(documents: dict[str, Any]) -> str:
    """Documents for a person who looks for a fault."""
    return json.dumps(documents, indent=1, sort_keys=True)


def _peak_begins() -> int:
    """Let the peak of this process's memory be measured from now on; its bytes now (Linux)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return _resident("VmRSS")


def _resident(what: str) -> int:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(status.partition(f"{what}:")[2].split()[0])
