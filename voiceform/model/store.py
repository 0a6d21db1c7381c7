"""The document store that recorded state lives in: small JSON documents, compare-and-swap, nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from voiceform.model.runtime import Runtime

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class StoredDocument:
    """A stored document with its version, an opaque text that changes with every write."""

    key: str
    document: Document
    version: str


@dataclass(frozen=True, slots=True)
class Write:
    """One conditional write.

    `document` None deletes. `expected_version` None means that the key must not exist yet.
    """

    key: str
    document: Document | None
    expected_version: str | None


class DocumentReader(Protocol):
    """The reading half, for those who must not write."""

    def get(self, key: str) -> StoredDocument | None:
        """The document under `key`, or None."""

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        """The documents under those of `keys` that there are. SQL stores read them at one moment, in one
        round trip; object stores one after another, in the order of `keys`."""

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Every document whose key starts with `prefix`, in key order."""


class DocumentStore(DocumentReader, Protocol):
    """Versioned documents under keys such as `resources/queue.support`.

    Safe to use from several threads. Every write is durable when the call returns. Errors: StateConflictError
    when an expected version does not match (nothing of that write is done), LeaseLostError when the store is
    fenced and the fence was passed, StateError for anything else.
    """

    @property
    def runtime(self) -> Runtime:
        """Where the threads run that use it."""

    def version(self, key: str) -> str | None:
        """A text that is another after each write of the document; None while there is none. For comparing
        with what this very method said before: it costs little, however long the document is."""

    def versions(self, prefix: str) -> Mapping[str, str]:
        """As `version`, of every document whose key starts with `prefix`, by key."""

    def put(self, key: str, document: Document, expected_version: str | None) -> str:
        """Write one document and return its new version; `expected_version` None: it must not exist yet."""

    def delete(self, key: str, expected_version: str) -> None:
        """Remove one document."""

    def write(self, writes: Sequence[Write]) -> tuple[str | None, ...]:
        """Do several writes and return the new versions (None for deletions).

        SQL stores do all or nothing. Object stores do them in order and stop at the first that fails, so
        callers order writes such that any prefix is a valid state.
        """


class Glance:
    """A DocumentReader that has seen the documents under some keys already, as they were when it was made; it
    reads any other when it is asked for."""

    def __init__(self, reader: DocumentReader, keys: Collection[str]) -> None:
        self._reader = reader
        self._seen: dict[str, StoredDocument | None] = {**dict.fromkeys(keys), **reader.get_all(keys)}

    def get(self, key: str) -> StoredDocument | None:
        """The document under `key`, or None."""
        return self._seen[key] if key in self._seen else self._reader.get(key)

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        """The documents under those of `keys` that there are."""
        seen = {key: found for key in keys if (found := self._seen.get(key)) is not None}
        return {**seen, **self._reader.get_all([key for key in keys if key not in self._seen])}

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Every document whose key starts with `prefix`, in key order, as they are now."""
        return self._reader.list(prefix)
