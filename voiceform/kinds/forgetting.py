"""Parts of the state that may know people, and how each loses one of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.model.store import DocumentReader, DocumentStore

_NO_DIGIT = re.compile(r"[^0-9]")
_SHORTEST = 7


def may_hold_number(text: str) -> bool:
    """Whether a text for people has so many digits that a number may be among them."""
    return len(_NO_DIGIT.sub("", text)) >= _SHORTEST


class Sought(Protocol):
    """Somebody who is looked for by number, before anything is done."""

    @property
    def digest(self) -> str:
        """The person's pseudonym."""

    def is_in(self, value: Any) -> bool:  # noqa: ANN401 - any JSON value
        """Whether a value is this person in any spelling, or holds the number, in a key or a text."""


class Erased(Protocol):
    """Somebody who is to be forgotten, and whose number is not known any more."""

    @property
    def pseudonyms(self) -> Pseudonyms:
        """What stands for people."""

    def __contains__(self, party: object) -> bool:
        """Whether a party certainly is this person."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What one part knows of a person: how many things by the names under which they can be forgotten, what
    it cannot forget now, counted by its words, and when which calls of theirs were, by their SIDs."""

    found: Mapping[str, int] = field(default_factory=dict)
    left: Mapping[str, int] = field(default_factory=dict)
    calls: Mapping[str, datetime] = field(default_factory=dict)


class Keeper(Protocol):
    """One part of the state: the documents whose keys begin with its `prefix`.

    `name` stands for it in plans, `thing` is what is counted of it, of no number that is known.
    """

    name: str
    thing: str
    prefix: str

    def knows(self, reader: DocumentReader, whom: Sought) -> Knowledge:
        """Look for a person. StateError for what cannot be read: nobody can tell who is in it."""

    def remembers(self, reader: DocumentReader, name: str, whom: Erased) -> bool:
        """Whether what was found under `name` knows the person still."""

    def forget(self, store: DocumentStore, name: str, whom: Erased) -> int:
        """Forget a person in what `knows` found under `name`; how many things lost them. Doing it again does
        no harm."""
