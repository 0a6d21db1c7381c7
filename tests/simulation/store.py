"""The recorded state, and the place of evidence, that all processes of a universe share.

A state is either one that writes all of a batch or nothing (as SQL stores), or one that writes document by
document (as object stores). Evidence that was not synced is lost when the power fails.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.simulation.runtime import SimRuntime
from tests.simulation.scheduler import Process, Scheduler
from voiceform.kinds.retention.evidence.places import File, Sink
from voiceform.model.errors import EvidenceError, StateError
from voiceform.model.runtime import Runtime
from voiceform.model.store import StoredDocument, Write
from voiceform.state.backend import (
    LEASE_KEY,
    Backend,
    Guard,
    check_batch,
    check_key,
    conflict,
    decode,
    encode,
    new_version,
)

if TYPE_CHECKING:
    from tests.simulation.actors import Weather

_PAGE = 20


@dataclass(frozen=True, slots=True)
class Commit:
    """One batch, or one document of it, that was stored."""

    process: Process
    at: float
    keys: tuple[str, ...]
    fenced_by: str | None
    token: int | None


@dataclass(slots=True)
class Disk:
    """What is stored. `whole`: batches are written whole or not at all. `tokens` are the fencing tokens that
    each process took, by the key of the lease."""

    whole: bool
    documents: dict[str, tuple[str, str]] = field(default_factory=dict)
    commits: list[Commit] = field(default_factory=list)
    tokens: dict[tuple[str, str], set[int]] = field(default_factory=dict)
    undo: dict[str, dict[str, tuple[str, str] | None]] = field(default_factory=dict)
    """What was there before the last batch of each process."""
    on_write: list[Callable[[Write], None]] = field(default_factory=list)
    changes: dict[str, float] = field(default_factory=dict)
    """When the document under each key was written or removed last."""

    def read(self, prefix: str) -> dict[str, Any]:
        """The documents whose keys begin so, as they are now."""
        return {
            key: decode(key, *stored, "the disk")
            for key, stored in self.documents.items()
            if key.startswith(prefix)
        }

    def changed_at(self, prefix: str) -> float:
        """When a document was written or removed last whose key begins so."""
        return max((at for key, at in self.changes.items() if key.startswith(prefix)), default=0.0)

    def holder(self, lease: str) -> int | None:
        """The token of whoever holds a lease now."""
        stored = self.documents.get(lease)
        if stored is None:
            return None
        document = decode(lease, *stored, "the disk")
        return document["token"] if document.get("holder") is not None else None


class SimStore(Backend):
    """One process's connection to a disk."""

    def __init__(self, disk: Disk, runtime: SimRuntime, weather: Weather) -> None:
        self._disk, self._runtime, self._weather = disk, runtime, weather

    @property
    def runtime(self) -> Runtime:
        return self._runtime

    @property
    def label(self) -> str:
        return "the simulated store"

    def get(self, key: str) -> StoredDocument | None:
        check_key(key)
        self._trip(f"get {key}")
        return self._entry(key)

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        if not self._disk.whole:
            return super().get_all(keys)
        self._trip(f"get {len(keys)}")
        found = {key: self._entry(key) for key in keys}
        return {key: stored for key, stored in found.items() if stored is not None}

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        last = ""
        while True:
            self._trip(f"list {prefix}")
            page = self._keys(prefix, last)
            entries = [self._entry(key) for key in page]
            yield from (entry for entry in entries if entry is not None)
            if len(page) < _PAGE:
                return
            last = page[-1]

    def version(self, key: str) -> str | None:
        self._trip(f"version {key}")
        return self._version(key)

    def versions(self, prefix: str) -> Mapping[str, str]:
        self._trip(f"versions {prefix}")
        return {key: stored[0] for key, stored in self._disk.documents.items() if key.startswith(prefix)}

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        check_batch(writes)
        batches = [writes] if self._disk.whole else [[write] for write in writes]
        versions: list[str | None] = []
        for batch in batches:
            self._trip(f"write {' '.join(write.key for write in batch)}")
            if not self._disk.whole and guard is not None:
                self._pass(guard, lease_key)
                self._trip("fence")
            elif guard is not None:
                self._pass(guard, lease_key)
            versions += self._commit(batch, lease_key if guard is not None else None)
            self._trip("written", may_fail=True)
        return tuple(versions)

    def close(self) -> None:
        """Nothing is held."""

    def _pass(self, guard: Guard, lease_key: str) -> None:
        stored = self._entry(lease_key)
        guard(None if stored is None else stored.document)

    def _expects(self, write: Write) -> bool:
        return self._version(write.key) == write.expected_version

    def _commit(self, batch: Sequence[Write], fenced_by: str | None) -> Sequence[str | None]:
        disk = self._disk
        for write in batch:
            if not self._expects(write):
                raise conflict(write.key, self.label)
        token = None if fenced_by is None else disk.holder(fenced_by)
        process, now = self._runtime.process, self._runtime.scheduler.now
        disk.commits.append(Commit(process, now, tuple(write.key for write in batch), fenced_by, token))
        disk.undo[process.name] = {write.key: disk.documents.get(write.key) for write in batch}
        versions: list[str | None] = []
        for write in batch:
            disk.changes[write.key] = now
            for hears in disk.on_write:
                hears(write)
            if write.document is None:
                disk.documents.pop(write.key, None)
                versions.append(None)
                continue
            text = encode(write.document)
            version = new_version(write.key, text, self._runtime)
            disk.documents[write.key] = (version, text)
            versions.append(version)
            if write.key.startswith(LEASE_KEY) and write.document.get("holder") is not None:
                disk.tokens.setdefault((process.name, write.key), set()).add(write.document["token"])
        return versions

    def _keys(self, prefix: str, after: str) -> Sequence[str]:
        found = sorted(key for key in self._disk.documents if key.startswith(prefix) and key > after)
        return found[:_PAGE]

    def _entry(self, key: str) -> StoredDocument | None:
        stored = self._disk.documents.get(key)
        return None if stored is None else StoredDocument(key, decode(key, *stored, self.label), stored[0])

    def _version(self, key: str) -> str | None:
        stored = self._disk.documents.get(key)
        return None if stored is None else stored[0]

    def _trip(self, what: str, *, may_fail: bool = True) -> None:
        """On the way to the store, or back: others go first, it takes a while, or the connection is lost."""
        scheduler = self._runtime.scheduler
        scheduler.pass_by(what)
        draw = scheduler.random.random()
        if draw < self._weather.slow_store:
            scheduler.sleep(scheduler.random.expovariate(1 / 0.05))
        elif may_fail and draw > 1 - self._weather.lost_store:
            scheduler.note("lost")
            raise StateError("the connection to the state was lost", hint="it may have been written")


@dataclass(slots=True)
class Vault:
    """Where evidence lies: what was synced, what was not yet, and who has it."""

    synced: dict[str, list[bytes]] = field(default_factory=dict)
    pending: dict[str, list[bytes]] = field(default_factory=dict)
    others: dict[str, bytes] = field(default_factory=dict)
    holder: Process | None = None

    def crash(self, process: Process, scheduler: Scheduler, *, power: bool) -> None:
        """A process ends without a word; with the power goes what was not synced, all or a part of it."""
        if self.holder is not process:
            return
        self.holder = None
        for name, lines in self.pending.items():
            kept = scheduler.random.randrange(len(lines) + 1) if power and lines else len(lines)
            self.synced[name] += lines[:kept]
            if kept < len(lines) and scheduler.random.random() < 0.5:
                self.synced[name].append(lines[kept][: len(lines[kept]) // 2])
            lines.clear()


class SimPlace:
    """A vault as one process sees it."""

    errors: tuple[type[Exception], ...] = (OSError,)
    alone = True

    def __init__(self, vault: Vault, runtime: SimRuntime) -> None:
        self.vault, self.runtime = vault, runtime

    def names(self) -> list[str]:
        self.step("names")
        return [*self.vault.synced, *self.vault.others]

    def lines(self, name: str) -> Iterator[bytes]:
        self.step("lines")
        yield from [*self.vault.synced[name], *self.vault.pending.get(name, ())]

    def where(self, name: str) -> str:
        return f"the vault/{name}"

    def claim(self, holder: str) -> None:
        self.step("claim")
        if self.vault.holder is not None:
            raise EvidenceError("another run writes its evidence here", where=self.where(""))
        self.vault.holder = self.runtime.process

    def release(self) -> None:
        if not self.runtime.process.dead and self.vault.holder is self.runtime.process:
            self.vault.holder = None

    def begin(self, file: File) -> Sink:
        self.step("begin")
        self.vault.synced[file.name] = []
        self.vault.pending[file.name] = []
        return SimSink(self, file.name)

    def repair(self, file: File) -> int:
        lines = self.vault.synced[file.parts[-1]]
        if not lines or lines[-1].endswith(b"\n"):
            return 0
        return len(lines.pop())

    def put(self, texts: Mapping[str, str]) -> None:
        for name, text in texts.items():
            self.step("put")
            self.vault.others[name] = text.encode()

    def read(self, name: str) -> bytes | None:
        if name in self.vault.synced:
            return b"".join(self.lines(name))
        return self.vault.others.get(name)

    def step(self, what: str) -> None:
        self.runtime.scheduler.pass_by(f"evidence {what}")


class SimSink:
    """A file of lines that grows."""

    errors: tuple[type[Exception], ...] = (OSError,)
    backlog = 0

    def __init__(self, place: SimPlace, name: str) -> None:
        self.place, self.name = place, name

    def write(self, lines: Sequence[bytes]) -> None:
        self.place.step("write")
        self.place.vault.pending[self.name] += lines

    def sync(self) -> None:
        self.place.step("sync")
        pending = self.place.vault.pending[self.name]
        self.place.vault.synced[self.name] += pending
        pending.clear()

    def close(self) -> None:
        """Nothing is held."""
