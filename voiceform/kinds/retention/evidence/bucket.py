"""Evidence in an object store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from voiceform.kinds.retention.evidence.places import SUFFIX, File, Sink, taken
from voiceform.kinds.retention.storage.buckets import open_bucket, opening
from voiceform.model.errors import EvidenceError, EvidenceHeldError
from voiceform.model.runtime import MACHINE

if TYPE_CHECKING:
    from obstore.store import ObjectStore


class Bucket:
    """A prefix in an object store that knows conditional writes."""

    alone = False

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        with opening("the evidence", url, EvidenceError):
            self._store, self.errors = open_bucket(url, "evidence in an object store")

    def names(self) -> list[str]:
        """The names below the prefix."""
        import obstore

        found = [meta["path"] for page in obstore.list(self._store) for meta in page]
        return [name for name in found if "/" not in name]

    def lines(self, name: str) -> Iterator[bytes]:
        """The lines of one object."""
        return iter((self.read(name) or b"").splitlines(keepends=True))

    def where(self, name: str) -> str:
        """Its URL, or that of one name."""
        return f"{self._url}/{name}" if name else self._url

    def claim(self, holder: str) -> None:
        """Nothing to hold: the first part of a file is the claim to its number."""

    def release(self) -> None:
        """Nothing was held."""

    def begin(self, file: File) -> Sink:
        """The parts to come."""
        return _Parts(self._store, self.errors, file, taken(self))

    def repair(self, file: File) -> int:
        """Nothing: objects are whole or not there."""
        return 0

    def put(self, texts: Mapping[str, str]) -> None:
        """Write objects."""
        import obstore

        for name, text in texts.items():
            obstore.put(self._store, name, text.encode(), use_multipart=False)

    def read(self, name: str) -> bytes | None:
        """All of an object; None when it is not there."""
        import obstore

        try:
            return bytes(obstore.get(self._store, name).bytes())
        except FileNotFoundError:
            return None


class _Parts:
    """A file that grows by parts; each is written under a name that nobody has, or not at all."""

    def __init__(
        self, store: ObjectStore, errors: tuple[type[Exception], ...], file: File, taken: EvidenceHeldError
    ) -> None:
        self.errors = errors
        self._store = store
        self._taken = taken
        self._stem = file.stem
        self._next = len(file.parts) + 1
        self._waiting: list[bytes] = []
        self._changing, self._storing = MACHINE.lock(), MACHINE.lock()

    @property
    def backlog(self) -> int:
        """Lines that are not stored yet."""
        return len(self._waiting)

    def write(self, lines: Sequence[bytes]) -> None:
        with self._changing:
            self._waiting.extend(lines)

    def sync(self) -> None:
        with self._storing:
            with self._changing:
                lines, self._waiting = self._waiting, []
            if lines:
                self._store_part(f"{self._stem}.{self._next:04}{SUFFIX}", b"".join(lines))
                self._next += 1

    def close(self) -> None:
        """Connections belong to the driver."""

    def _store_part(self, name: str, body: bytes) -> None:
        import obstore
        from obstore.exceptions import AlreadyExistsError, PreconditionError

        try:
            obstore.put(self._store, name, body, mode="create", use_multipart=False)
        except (AlreadyExistsError, PreconditionError) as error:
            # An answer that got lost looks the same, but then the body is ours.
            if bytes(obstore.get(self._store, name).bytes()) != body:
                raise self._taken from error
