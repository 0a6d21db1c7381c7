"""What the stores share: their base class, the fence, and the encoding of documents."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from hashlib import blake2b
from types import TracebackType
from typing import Any, Self

import msgspec

from voiceform.model.errors import StateConflictError, StateError
from voiceform.model.runtime import MACHINE, Runtime
from voiceform.model.store import Document, StoredDocument, Write

LEASE_KEY = "lease"
"""The document of the lease on the whole state; leases beside it have keys that begin with `lease/`."""

Guard = Callable[[Document | None], None]
"""Looks at the lease document in the transaction of a write; raises LeaseLostError to refuse the write."""

HIGHEST = "\U0010ffff"
"""Sorts behind every character of a key."""

_LONGEST_KEY = 512
_SURROGATE = "\\ud"
_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff" + HIGHEST + "]")


class Backend(ABC):
    """A DocumentStore (see voiceform.model.store) that can be closed and whose writes can be guarded.

    Keys are 1-512 characters without control characters. A batch names a key at most once. Lists are read
    in pages: what is written meanwhile may or may not be seen, so readers who need one consistent state
    compare `meta.serial` before and after.
    """

    @property
    def runtime(self) -> Runtime:
        """Where the threads run that use it."""
        return MACHINE

    @property
    @abstractmethod
    def label(self) -> str:
        """Where the state is, for messages: never with a password."""

    @property
    def lock_option(self) -> str:
        """What `voiceform lock` needs to mean the lease of this store, with a blank before it."""
        return ""

    @abstractmethod
    def get(self, key: str) -> StoredDocument | None:
        """The document under `key`, or None."""

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        """The documents under those of `keys` that there are."""
        found = {key: self.get(key) for key in keys}
        return {key: stored for key, stored in found.items() if stored is not None}

    @abstractmethod
    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Every document whose key starts with `prefix`, in key order."""

    @abstractmethod
    def version(self, key: str) -> str | None:
        """What changes with each write of the document; None while there is none."""

    @abstractmethod
    def versions(self, prefix: str) -> Mapping[str, str]:
        """As `version`, of every document whose key starts with `prefix`, by key."""

    @abstractmethod
    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        """Do several writes as DocumentStore.write says, when `guard` lets the document `lease_key` pass."""

    @abstractmethod
    def close(self) -> None:
        """Let go of files and connections; the store is not used afterwards."""

    def write(self, writes: Sequence[Write]) -> tuple[str | None, ...]:
        """Do several writes and return the new versions (None for deletions)."""
        return self.write_guarded(writes, None)

    def put(self, key: str, document: Document, expected_version: str | None) -> str:
        """Write one document and return its new version; `expected_version` None: it must not exist yet."""
        version = self.write((Write(key, document, expected_version),))[0]
        assert version is not None  # noqa: S101 - only deletions have none
        return version

    def delete(self, key: str, expected_version: str) -> None:
        """Remove one document."""
        self.write((Write(key, None, expected_version),))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class FencedStore:
    """A view of a store whose every write passes a guard: what the holder of a lease works with."""

    def __init__(self, backend: Backend, guard: Guard) -> None:
        self._backend = backend
        self._guard = guard

    @property
    def runtime(self) -> Runtime:
        """Where the threads run that use it."""
        return self._backend.runtime

    def get(self, key: str) -> StoredDocument | None:
        """The document under `key`, or None."""
        return self._backend.get(key)

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        """The documents under those of `keys` that there are."""
        return self._backend.get_all(keys)

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Every document whose key starts with `prefix`, in key order."""
        return self._backend.list(prefix)

    def version(self, key: str) -> str | None:
        """What changes with each write of the document; None while there is none."""
        return self._backend.version(key)

    def versions(self, prefix: str) -> Mapping[str, str]:
        """As `version`, of every document whose key starts with `prefix`, by key."""
        return self._backend.versions(prefix)

    def put(self, key: str, document: Document, expected_version: str | None) -> str:
        """Write one document under the fence; LeaseLostError when the lease is not ours any more."""
        version = self.write((Write(key, document, expected_version),))[0]
        assert version is not None  # noqa: S101 - only deletions have none
        return version

    def delete(self, key: str, expected_version: str) -> None:
        """Remove one document under the fence."""
        self.write((Write(key, None, expected_version),))

    def write(self, writes: Sequence[Write]) -> tuple[str | None, ...]:
        """Do several writes under the fence."""
        return self._backend.write_guarded(writes, self._guard)


def check_key(key: str) -> None:
    """Refuse keys that some store could not hold, with a StateError."""
    if not 0 < len(key) <= _LONGEST_KEY:
        raise StateError(f"a state key has 1 to {_LONGEST_KEY} characters, not {len(key)}", where=repr(key))
    if _FORBIDDEN.search(key) is not None:
        raise StateError("a state key may not hold control characters", where=repr(key))


def check_batch(writes: Sequence[Write]) -> None:
    """Refuse a batch with an impossible key, or with the same key twice (its order would be ambiguous)."""
    for write in writes:
        check_key(write.key)
    if len({write.key for write in writes}) != len(writes):
        raise ValueError("a batch of writes names the same key twice")


def encode(document: Document) -> str:
    """A document as JSON text: ASCII only, so that no store's encoding matters."""
    return json.dumps(document, separators=(",", ":"), allow_nan=False)


def decode(key: str, version: str, text: str, label: str) -> Document:
    """The document that `encode` wrote and `new_version` sealed; StateError naming the key when it is not."""
    if not all(isinstance(part, str) for part in (key, version, text)):  # a damaged row has what it has
        raise damaged(key, label, "is no text")
    try:
        document = _parsed(text)
    except (ValueError, RecursionError) as error:
        raise damaged(key, label, f"is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise damaged(key, label, "is not a JSON object")
    token, _, seal = version.partition("-")
    if seal != _seal(token, key, text):
        raise damaged(key, label, "is not as it was written (its checksum does not fit)")
    return document


def _parsed(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """As json reads it, whose names it shares between documents and whose work it does in a third of the
    time. What it refuses, and halves of pairs of surrogates, are left to json."""
    if _SURROGATE not in text:
        try:
            return msgspec.json.decode(text)
        except msgspec.DecodeError:
            pass
    return json.loads(text)


def damaged(key: str, label: str, why: str) -> StateError:
    """The error for a document that cannot be used; nothing was changed."""
    return StateError(
        f"the document {key!r} in {label} {why}",
        hint="nothing was changed; restore it from a backup or from `voiceform state pull` output",
    )


def conflict(key: str, label: str) -> StateConflictError:
    """The error for a compare-and-swap that lost."""
    return StateConflictError(
        f"the document {key!r} in {label} was changed by somebody else since it was read",
        hint="nothing was overwritten; run the command again",
    )


def new_version(key: str, text: str, runtime: Runtime = MACHINE) -> str:
    """A version for a document stored under `key` as `text`: never used before, so that a change and its
    reversal do not look alike, and with a checksum, so that no flipped bit is taken for what was written."""
    token = runtime.token(8)
    return f"{token}-{_seal(token, key, text)}"


def _seal(token: str, key: str, text: str) -> str:
    # The length of the key keeps a piece of it from passing for a piece of the text.
    return blake2b(f"{token}{len(key)}:{key}{text}".encode(), digest_size=8).hexdigest()
