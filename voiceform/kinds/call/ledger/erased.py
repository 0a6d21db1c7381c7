"""People who were erased, as the ledger keeps them: what was called stays known, and whom no more.

In the key of an entry a mark stands for the number: a keyed hash of the person, and the shard in which the
number's keys lie, so that whoever is about to call that number finds the entry where it looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from voiceform.kinds.call.ledger.entries import Key, LedgerEntry
from voiceform.kinds.pseudonyms import Pseudonyms
from voiceform.model.store import DocumentReader

MARK = "erased:"
_DIGITS = 32


def mark_of(to: str, shard: str, pseudonyms: Pseudonyms) -> str:
    """What stands for a number, or for whoever is called, in the keys of its shard."""
    return f"{MARK}{shard}:{pseudonyms.of(to)[:_DIGITS]}"


def is_mark(to: str) -> bool:
    """Whether this stands for somebody who was erased."""
    return to.startswith(MARK)


def shard_of(mark: str) -> str:
    """The shard in which a mark stands."""
    return mark.removeprefix(MARK).partition(":")[0]


def known_again(
    entries: Mapping[Key, LedgerEntry], people: Iterable[str], reader: DocumentReader
) -> dict[Key, LedgerEntry]:
    """`entries`, with those of erased people who are among `people` under their numbers again.

    Who was called, and is declared once more after an erasure, is not called for the same occurrence.
    """
    marks = {_person_in(key.to) for key in entries if is_mark(key.to)}
    if not marks:
        return dict(entries)
    pseudonyms = Pseudonyms.of_state(reader)
    meant = {digest: to for to in people if (digest := pseudonyms.of(to)[:_DIGITS]) in marks}
    return {
        replace(key, to=meant.get(_person_in(key.to), key.to)) if is_mark(key.to) else key: entry
        for key, entry in entries.items()
    }


def _person_in(mark: str) -> str:
    return mark.rpartition(":")[2]
