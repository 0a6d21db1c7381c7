"""The documents `resources/ADDRESS`: one object each, as it was last left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from voiceform.model.address import Address
from voiceform.model.empty import EMPTY
from voiceform.model.errors import StateError, UsageError
from voiceform.model.resource import Desired, Recorded, alike
from voiceform.model.store import Document, DocumentReader, StoredDocument, Write
from voiceform.state.backend import damaged
from voiceform.state.documents import definition_of, problem_of

PREFIX = "resources/"


@dataclass(frozen=True, slots=True)
class Resources:
    """All recorded objects, with the versions of their documents for compare-and-swap."""

    recorded: dict[Address, Recorded]
    versions: dict[Address, str]

    def write(self, recorded: Recorded) -> Write:
        """The write that makes `recorded` what state holds for its address."""
        return resource_write(recorded, self.versions.get(recorded.address))

    def removal(self, address: Address) -> Write:
        """The write that forgets an address; KeyError when it is not recorded."""
        return resource_removal(address, self.versions[address])


def resource_key(address: Address) -> str:
    """Where an object is stored."""
    return f"{PREFIX}{address}"


def load_resources(reader: DocumentReader, declared: Mapping[Address, Desired] = EMPTY) -> Resources:
    """Every recorded object, in address order of the keys. StateError for a document that is damaged.

    What is as it is `declared` is that very object, and takes no memory of its own.
    """
    recorded: dict[Address, Recorded] = {}
    versions: dict[Address, str] = {}
    for entry in reader.list(PREFIX):
        item = recorded_from_entry(entry, declared)
        recorded[item.address] = item
        versions[item.address] = entry.version
    return Resources(recorded, versions)


def read_resources(
    reader: DocumentReader, declared: Mapping[Address, Desired] = EMPTY
) -> dict[Address, Recorded]:
    """Every recorded object by address; `declared` as load_resources."""
    found = (recorded_from_entry(entry, declared) for entry in reader.list(PREFIX))
    return {item.address: item for item in found}


def resource_write(recorded: Recorded, expected_version: str | None) -> Write:
    """The write that stores `recorded`; `expected_version` None when the address must not be recorded yet."""
    return Write(resource_key(recorded.address), recorded_to_document(recorded), expected_version)


def resource_removal(address: Address, expected_version: str) -> Write:
    """The write that forgets `address`."""
    return Write(resource_key(address), None, expected_version)


def recorded_to_document(recorded: Recorded) -> Document:
    """The document of one object; what is false or empty is left out."""
    document: Document = {
        "address": str(recorded.address),
        "sid": recorded.sid,
        "attributes": dict(recorded.attributes),
    }
    if recorded.protect:
        document["protect"] = True
    if recorded.depends_on:
        document["depends_on"] = [str(address) for address in recorded.depends_on]
    if recorded.notes:
        document["notes"] = dict(recorded.notes)
    if recorded.hidden:
        document["from_environment"] = dict(recorded.hidden)
    return document


def recorded_from_entry(entry: StoredDocument, declared: Mapping[Address, Desired] = EMPTY) -> Recorded:
    """The object that a document `resources/ADDRESS` describes; StateError, naming it, when it is not as its
    kind records it: nothing may be concluded from what is only half understood. `declared` as
    load_resources."""
    document = entry.document
    definition = definition_of(entry.key)
    if definition is None:
        raise _damaged(entry, "is of no kind that this voiceform knows")
    problem = problem_of(definition, document)
    if problem is not None:
        raise _damaged(entry, f"does not fit the schema: {problem}")
    if entry.key != PREFIX + document["address"]:
        raise _damaged(entry, f"says that it is {document['address']!r}")
    try:
        kind, _, name = document["address"].partition(".")
        known = declared.get(Address(kind, name))  # which says that it is an address
        return Recorded(
            address=Address.parse(document["address"]) if known is None else known.address,
            sid=document["sid"],
            attributes=document["attributes"]
            if known is None
            else alike(document["attributes"], known.attributes),
            protect=document.get("protect", False),
            depends_on=tuple(map(Address.parse, document.get("depends_on", ()))),
            hidden=document.get("from_environment", EMPTY),
            notes=document.get("notes", EMPTY),
        )
    except UsageError as error:
        raise _damaged(entry, f"holds a bad address: {error.what}") from error


def _damaged(entry: StoredDocument, why: str) -> StateError:
    error = damaged(entry.key, "the state", why)
    address = entry.key.removeprefix(PREFIX)
    error.hint = f"{error.hint}; to have it forgotten: voiceform state rm {address}"
    return error
