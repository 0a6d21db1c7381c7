"""The whole state as one JSON document, out and in: for backups, for looking, for moving to another store."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from voiceform.kinds.base import Documents
from voiceform.kinds.kind import Kind
from voiceform.model.errors import StateError, VoiceformError
from voiceform.model.plan_codec import document_digest
from voiceform.model.store import Document, DocumentReader, DocumentStore, StoredDocument, Write
from voiceform.state import meta as meta_documents
from voiceform.state.backend import LEASE_KEY, check_key
from voiceform.state.documents import problem_of
from voiceform.state.journal import list_runs, read_run
from voiceform.state.meta import Meta, check_format, read_meta
from voiceform.state.resources import read_resources

_ATTEMPTS = 3
_UNEDITED = "nothing was changed; push what `voiceform state pull` wrote, unedited"


def pull(reader: DocumentReader) -> Document:
    """Everything in the state but the leases, as schemas/state.schema.json describes it.

    StateError for an empty state, and when a run keeps changing it while it is read.
    """
    for _ in range(_ATTEMPTS):
        before = read_meta(reader)
        documents = {entry.key: entry.document for entry in reader.list("") if _is_pulled(entry.key)}
        if before is None and documents:
            raise StateError("the state lost its `meta` document", hint="restore it from a backup")
        if before is None:
            raise StateError("the state is empty", hint="there is nothing to pull before the first apply")
        if read_meta(reader) == before:
            document = {**before.document(), "documents": documents}
            return {**document, "digest": _digest(document)}
    raise StateError(
        "the state changed while it was read", hint="wait until nothing runs (`voiceform lock show`)"
    )


def push(
    store: DocumentStore,
    document: Any,  # noqa: ANN401 - any JSON value
    kinds: Sequence[Kind[Any]],
) -> bool:
    """Make the state hold what `pull` wrote; False when it does already.

    What kinds keep there beside their records is put together with what the store has, as each declares:
    who was phoned since the pull stays known, or they would be phoned again.

    Hold the lease and give its store. An empty state takes anything; otherwise the lineage must be the same
    and the serial higher. StateError for everything else, for a document that does not fit the schema, and
    for one that the journal or one of `kinds` cannot read; nothing is changed then.
    """
    incoming = _checked(document)
    _read_by_all(_Pushed(document["documents"]), kinds)
    current = {entry.key: entry for entry in store.list("") if not _is_lease(entry.key)}
    present = read_meta(store)
    if present is not None and incoming.secret is None:
        incoming = replace(incoming, secret=present.secret)
    wanted: dict[str, Document] = {
        **_merged(current, document["documents"], [rule for kind in kinds for rule in kind.documents]),
        meta_documents.KEY: incoming.document(),
    }
    if {key: entry.document for key, entry in current.items()} == wanted:
        return False
    if present is not None:
        _check_follows(present, incoming)
    store.write(_writes(current, wanted))
    return True


def _digest(document: Document) -> str:
    """Over everything but itself and the serial, which may be raised to put a backup over a newer state."""
    return document_digest({key: value for key, value in document.items() if key != "serial"})


def _merged(
    current: Mapping[str, StoredDocument], pushed: Mapping[str, Document], rules: Sequence[Documents]
) -> dict[str, Document]:
    """The pushed documents, with those that a kind does not let go as it merges them."""
    wanted = dict(pushed)
    for key, entry in current.items():
        for rule in rules:
            if key.startswith(rule.prefix):
                wanted[key] = rule.merge(entry, pushed.get(key))
    return wanted


def _is_lease(key: str) -> bool:
    """Whether the document belongs to the store and not to the stack: its tokens must never go back."""
    return key == LEASE_KEY or key.startswith(f"{LEASE_KEY}/")


def _is_pulled(key: str) -> bool:
    """Whether a document is in a pulled state; `meta` is its head."""
    return key != meta_documents.KEY and not _is_lease(key)


def _checked(document: Any) -> Meta:  # noqa: ANN401 - any JSON value
    check_format(document.get("format") if isinstance(document, dict) else None)
    problem = problem_of(None, document)
    if problem is not None:
        raise StateError(f"this is not a pulled state: {problem}", hint=_UNEDITED)
    if document.get("digest") not in (None, _digest(document)):
        raise StateError(
            "this is not a pulled state any more: its digest does not fit, so it was damaged or edited",
            hint="nothing was changed; push another copy, or take `digest` out to push an edit on purpose",
        )
    for key in document["documents"]:
        check_key(key)
    return Meta.from_document(dict(document), None)


class _Pushed:
    """The documents of a pushed state, read as those of a store are."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents

    def get(self, key: str) -> StoredDocument | None:
        """The document under `key`, or None."""
        return StoredDocument(key, self._documents[key], "") if key in self._documents else None

    def get_all(self, keys: Collection[str]) -> dict[str, StoredDocument]:
        """The documents under those of `keys` that there are."""
        return {key: StoredDocument(key, self._documents[key], "") for key in keys if key in self._documents}

    def list(self, prefix: str) -> Iterator[StoredDocument]:
        """Every document whose key starts with `prefix`, in key order."""
        keys = sorted(key for key in self._documents if key.startswith(prefix))
        return iter([StoredDocument(key, self._documents[key], "") for key in keys])


def _read_by_all(pushed: DocumentReader, kinds: Sequence[Kind[Any]]) -> None:
    """Read what is pushed as commands will: better a refusal now than a stack that cannot be planned."""
    try:
        recorded = read_resources(pushed)
        for run in list_runs(pushed):
            read_run(pushed, run.run_id)
        for kind in kinds:
            own = {address: record for address, record in recorded.items() if address.kind == kind.name}
            kind.check_recorded(own, pushed)
    except StateError:
        raise
    except (VoiceformError, ValueError) as error:
        raise StateError(f"what is pushed cannot be understood: {error}", hint=_UNEDITED) from error


def _check_follows(present: Meta, incoming: Meta) -> None:
    if incoming.lineage != present.lineage:
        raise StateError(
            f"the pushed state belongs to another stack (lineage {incoming.lineage}, here {present.lineage})",
            hint="nothing was changed; push it into an empty store, or name the right one with --state",
        )
    if incoming.serial <= present.serial:
        raise StateError(
            f"the pushed state is not newer than the present one"
            f" (serial {incoming.serial}, here {present.serial})",
            hint="nothing was changed; to go back on purpose, pull a backup of this store,"
            " then push the old state into an empty one",
        )
    if present.secret not in (None, incoming.secret):
        raise StateError(
            "the pushed state has another secret than the present one: nobody could tell who was called",
            hint=_UNEDITED,
        )


def _writes(current: Mapping[str, StoredDocument], wanted: Mapping[str, Document]) -> list[Write]:
    """Removals, then documents, `meta` last as in `wanted`: a push that is cut short can be repeated."""
    removals = [Write(key, None, entry.version) for key, entry in current.items() if key not in wanted]
    changes = [
        Write(key, document, current[key].version if key in current else None)
        for key, document in wanted.items()
        if key not in current or current[key].document != document
    ]
    return removals + changes
