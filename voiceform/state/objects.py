"""Recorded state in an object store: Amazon S3 and what speaks like it, Google Cloud Storage, Azure Blob.

Each document is one object. Compare-and-swap is the store's own conditional put (If-None-Match, If-Match),
so two writers never overwrite one another. Deleting has no condition there; a deleted document therefore
stays as an empty object, which readers skip and a later creation replaces conditionally.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from voiceform.model.errors import (
    MissingExtraError,
    StateConflictError,
    StateError,
    StateUnreachableError,
)
from voiceform.model.store import StoredDocument, Write
from voiceform.state.backend import (
    LEASE_KEY,
    Backend,
    Guard,
    check_batch,
    check_key,
    conflict,
    damaged,
    decode,
    encode,
    new_version,
)
from voiceform.state.documents import definition_of
from voiceform.state.meta import KEY as HEAD
from voiceform.state.object_keys import folder_of, key_to_path, path_to_key

try:
    import obstore
    from obstore import exceptions as obstore_errors

    from voiceform.state.object_url import open_bucket
except ImportError as error:
    raise MissingExtraError("state in an object store", "objectstore") from error

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutMode, UpdateVersion

_PARALLEL = 32
_ATTEMPTS = 2
_TOMBSTONE = b""
_BODY = re.compile(rb'\{"write":"(?P<write>[0-9a-f-]+)","document":(?P<document>\{.*\})\}', re.DOTALL)
"""An object: the version that its write was sealed with, and the text of the document."""


@dataclass(frozen=True, slots=True)
class _Object:
    """An object as it was read; `version` is what a conditional put needs."""

    body: bytes
    version: str


class ObjectStore(Backend):
    """Documents under `s3://BUCKET/PREFIX`, `gs://BUCKET/PREFIX` or `az://CONTAINER/PREFIX`.

    Region, endpoint and credentials come from the variables of each ecosystem (AWS_..., GOOGLE_...,
    AZURE_...) or from the machine's role. A batch is written in order and stops at the first failure. The
    fence is checked before a batch, and our own deadline before each put (voiceform.state.lease says what
    is left of the race).

    Another state may lie below the prefix of this one, though nobody should put it there: its documents are
    none of this one.

    Every stored object holds the version of its write, unique, so a put whose answer got lost is settled by
    reading the object again: ours, or somebody else's.
    """

    def __init__(self, url: str) -> None:
        self._label, self._store = open_bucket(url)
        self._bucket_seen = False

    @property
    def label(self) -> str:
        """The URL."""
        return self._label

    def get(self, key: str) -> StoredDocument | None:
        """The document under `key`, or None."""
        check_key(key)
        found = self._fetch(key)
        if found is None and not self._bucket_seen:
            self._require_bucket()
        return None if found is None or found.body == _TOMBSTONE else self._entry(key, found)

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Every document whose key starts with `prefix`, in key order, read side by side."""
        keys = sorted(self._listed(prefix))
        with self.runtime.pool(_PARALLEL, "voiceform-state") as pool:
            waiting: deque[tuple[str, Future[_Object | None]]] = deque()
            for key in keys:
                waiting.append((key, pool.submit(self._fetch, key)))
                if len(waiting) > 2 * _PARALLEL:
                    yield from self._entries(*waiting.popleft())
            while waiting:
                yield from self._entries(*waiting.popleft())

    def version(self, key: str) -> str | None:
        """What changes with each write of the document; None while there is none. Not read with the document:
        some services write a tag otherwise in front of a body."""
        check_key(key)
        try:
            meta = obstore.head(self._store, key_to_path(key))
        except FileNotFoundError:
            if not self._bucket_seen:
                self._require_bucket()
            return None
        except obstore_errors.BaseError as error:
            raise self._state_error(error) from error
        return _version(meta["e_tag"], meta["version"]) if meta["size"] else None

    def versions(self, prefix: str) -> Mapping[str, str]:
        """As `version`, of every document whose key starts with `prefix`, by key."""
        found = self._listed(prefix)
        return {key: _version(meta["e_tag"], meta["version"]) for key, meta in found.items()}

    def write_guarded(
        self, writes: Sequence[Write], guard: Guard | None, *, lease_key: str = LEASE_KEY
    ) -> tuple[str | None, ...]:
        """Do the writes in order; `guard` sees the lease as it was read at the start."""
        check_batch(writes)
        lease = self.get(lease_key) if guard is not None else None

        def check() -> None:
            if guard is not None:
                guard(None if lease is None else lease.document)

        return tuple([self._write_one(write, check) for write in writes])

    def close(self) -> None:
        """Nothing to let go of: connections belong to the driver."""

    def _write_one(self, write: Write, check: Callable[[], None]) -> str | None:
        if write.document is None:
            self._put(write.key, _TOMBSTONE, _mode(write.expected_version or "{}"), check)
            return None
        text = encode(write.document)
        body = f'{{"write":"{new_version(write.key, text)}","document":{text}}}'.encode()
        if write.expected_version is not None:
            return self._put(write.key, body, _mode(write.expected_version), check)
        try:
            return self._put(write.key, body, "create", check)
        except StateConflictError:
            found = self._fetch(write.key)
            if found is None or found.body != _TOMBSTONE:
                raise
            return self._put(write.key, body, _mode(found.version), check)

    def _put(self, key: str, body: bytes, mode: PutMode, check: Callable[[], None]) -> str:
        """One conditional put, repeated while it is not known whether it was done."""
        for attempt in range(1, _ATTEMPTS + 1):
            check()
            try:
                done = obstore.put(
                    self._store,
                    key_to_path(key),
                    body,
                    mode=mode,
                    attributes={"Content-Type": "application/json"},
                    use_multipart=False,
                )
                return _version(done["e_tag"], done["version"])
            except (
                obstore_errors.AlreadyExistsError,
                obstore_errors.PreconditionError,
                FileNotFoundError,
            ) as error:
                found = self._fetch(key)
                if found is None:
                    self._require_bucket()
                if found is None or found.body != body:
                    raise conflict(key, self.label) from error
                return found.version
            except obstore_errors.BaseError as error:
                if attempt == _ATTEMPTS or isinstance(error, _REFUSALS):
                    raise self._state_error(error) from error
        raise AssertionError("the last attempt returns or raises")

    def _fetch(self, key: str) -> _Object | None:
        try:
            result = obstore.get(self._store, key_to_path(key))
            return _Object(bytes(result.bytes()), _version(result.meta["e_tag"], result.meta["version"]))
        except FileNotFoundError:
            return None
        except obstore_errors.BaseError as error:
            raise self._state_error(error) from error

    def _listed(self, prefix: str) -> Mapping[str, ObjectMeta]:
        """What the store says of the documents whose keys start with `prefix`, by key."""
        folder = folder_of(prefix.rpartition("/")[0]) if "/" in prefix else None
        found = {}
        try:
            for page in obstore.list(self._store, prefix=folder, chunk_size=1_000):
                found.update({path_to_key(meta["path"]): meta for meta in page if meta["size"]})
        except obstore_errors.BaseError as error:
            raise self._state_error(error) from error
        self._bucket_seen = True
        own = {key: meta for key, meta in found.items() if key is not None and key.startswith(prefix)}
        others = tuple(key.removesuffix(HEAD) for key in own if _is_head_of_another(key))
        return {key: meta for key, meta in own.items() if not key.startswith(others)}

    def _require_bucket(self) -> None:
        """A store answers "not found" for a missing bucket too, which must not look like an empty state."""
        self._listed("bucket-check/")

    def _entries(self, key: str, read: Future[_Object | None]) -> Iterator[StoredDocument]:
        found = read.result()
        if found is not None and found.body != _TOMBSTONE:
            yield self._entry(key, found)

    def _entry(self, key: str, found: _Object) -> StoredDocument:
        body = _BODY.fullmatch(found.body)
        if body is None:
            raise damaged(key, self.label, "is not a state document")
        text = body["document"].decode("ascii", "replace")
        return StoredDocument(
            key, decode(key, body["write"].decode("ascii"), text, self.label), found.version
        )

    def _state_error(self, error: Exception) -> StateError:
        status = _status(error)
        if status == 404:
            return StateError(
                f"the bucket or container of {self.label} does not exist",
                hint="create it first (voiceform does not), or correct the state URL, region or endpoint",
            )
        if isinstance(error, _REFUSALS) or status in (401, 403):
            return StateError(
                f"the object store refused access to {self.label}",
                hint="check the credentials in the environment; they must allow to list, read and write there"
                " (with AWS profiles: `aws configure export-credentials --format env`)",
            )
        kind = StateUnreachableError if status is None else StateError
        return kind(
            f"cannot use the state in {self.label}: {_summary(error)}",
            hint="check the endpoint and the network, then run the command again:"
            " what a run left open is settled first",
        )


_REFUSALS = (PermissionError, obstore_errors.PermissionDeniedError, obstore_errors.UnauthenticatedError)


_STATUS = re.compile(r"status code: (\d{3})")


def _is_head_of_another(key: str) -> bool:
    """Whether it is the `meta` of a state that lies below: of our own documents none is called so."""
    return key.endswith(f"/{HEAD}") and definition_of(key) is None


def _status(error: Exception) -> int | None:
    """The HTTP status behind an error: the driver has types for it on objects, but only words on lists."""
    if isinstance(error, FileNotFoundError):
        return 404
    found = _STATUS.search(str(error))
    return None if found is None else int(found[1])


def _summary(error: Exception) -> str:
    """The driver's words without query strings, which may hold a signature, and of the answer's body only
    the service's own code."""
    text = str(error)
    code = re.search(r"<Code>(\w+)</Code>", text)
    line = re.sub(r"\?\S*", "", text.splitlines()[0].partition(": <")[0])
    return line if code is None else f"{line} ({code[1]})"


def _version(e_tag: str | None, version: str | None) -> str:
    found = {"e_tag": e_tag, "version": version}
    return json.dumps({name: value for name, value in found.items() if value is not None})


def _mode(version: str) -> PutMode:
    mode: UpdateVersion = json.loads(version)
    return mode
