"""A store that writes documents one after another, as object stores do."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from voiceform.model.store import Document, StoredDocument, Write
from voiceform.state.sqlite import SqliteStore


class Killed(BaseException):
    """The process is gone."""


class OneByOne:
    """A store that writes documents one after another, and dies before the write number `left`. `between`
    happens in the midst of the first batch of several."""

    def __init__(self, store: SqliteStore, left: int | None, between: Callable[[], None]) -> None:
        self._store = store
        self._left = left
        self._between: Callable[[], None] | None = between
        self.runtime = store.runtime

    def get(self, key: str) -> StoredDocument | None:
        return self._store.get(key)

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        return self._store.get_all(keys)

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        return self._store.list(prefix)

    def version(self, key: str) -> str | None:
        return self._store.version(key)

    def versions(self, prefix: str) -> Mapping[str, str]:
        return self._store.versions(prefix)

    def put(self, key: str, document: Document, expected_version: str | None) -> str:
        version = self.write((Write(key, document, expected_version),))[0]
        assert version is not None
        return version

    def delete(self, key: str, expected_version: str) -> None:
        self.write((Write(key, None, expected_version),))

    def write(self, writes: Sequence[Write]) -> tuple[str | None, ...]:
        versions: list[str | None] = []
        for number, write in enumerate(writes):
            if number and self._between is not None:
                between, self._between = self._between, None
                between()
            if self._left is not None:
                if self._left == 0:
                    raise Killed
                self._left -= 1
            versions.extend(self._store.write((write,)))
        return tuple(versions)
