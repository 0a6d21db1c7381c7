"""Leases beside the one on the whole state: for work that may go on while others apply."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from voiceform.model.runtime import Runtime
from voiceform.model.store import StoredDocument, Write
from voiceform.state.backend import LEASE_KEY, Backend, Guard

DISPATCH_LEASE = "lease/dispatch"
"""Held while due calls are placed, so that one dispatcher keeps the pace and a second stands by."""

HAND_LEASE = "lease/hand"
"""Held by a person's command that does something at once, beside whoever dispatches or applies."""


class SideLease(Backend):
    """A store whose lease is another document, `key`; give it to acquire, show_lease and break_lease.

    Writes under such a lease are checked against it as those under the main lease are: in SQL stores in the
    same transaction. It says nothing about the main lease, so it is for documents that no apply writes, or
    that compare-and-swap alone keeps right.
    """

    def __init__(self, backend: Backend, key: str) -> None:
        self._backend = backend
        self._lease_key = key

    @property
    def lock_option(self) -> str:
        """What `voiceform lock` needs to mean this lease."""
        return f" --{self._lease_key.rpartition('/')[2]}"

    @property
    def runtime(self) -> Runtime:
        """That of the store."""
        return self._backend.runtime

    @property
    def label(self) -> str:
        """Where the state is."""
        return self._backend.label

    def get(self, key: str) -> StoredDocument | None:
        """The document under `key`, or None."""
        return self._backend.get(self._key(key))

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        """The documents under those of `keys` that there are."""
        found = self._backend.get_all([self._key(key) for key in keys])
        return {key: found[self._key(key)] for key in keys if self._key(key) in found}

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Every document whose key starts with `prefix`."""
        return self._backend.list(prefix)

    def version(self, key: str) -> str | None:
        """What changes with each write of the document; None while there is none."""
        return self._backend.version(self._key(key))

    def versions(self, prefix: str) -> Mapping[str, str]:
        """As `version`, of every document whose key starts with `prefix`, by key."""
        return self._backend.versions(prefix)

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        """Do the writes when `guard` lets the other lease pass."""
        renamed = [Write(self._key(item.key), item.document, item.expected_version) for item in writes]
        return self._backend.write_guarded(renamed, guard, lease_key=self._key(lease_key))

    def close(self) -> None:
        """Leave the store open: whoever opened it closes it."""

    def _key(self, key: str) -> str:
        return self._lease_key if key == LEASE_KEY else key
