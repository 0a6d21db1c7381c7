"""Archived copies, found again by the days on which their calls were, and destroyed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from voiceform.kinds.details import text_in
from voiceform.kinds.retention.storage.archive import ArchiveError, Shelf, open_shelf
from voiceform.kinds.retention.storage.buckets import folder_of, reason_of
from voiceform.model.instants import instant_from_text

_DESCRIPTION = ".json"
_AUDIO = (".mp3", ".wav")
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Described:
    """One copy by its description: what rules and holds match of a recording. `stem` is its key without
    suffix."""

    stem: str
    sid: str
    call_sid: str | None
    conference_sid: str | None
    status: str
    source: str
    channels: int | None
    duration: int | None
    date_created: datetime | None


class Copies:
    """The copies in one archive. ArchiveError for what cannot be read or deleted."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")
        folder = folder_of(url)
        self._shelf: Shelf | None = None  # a folder that is not there holds nothing, and is not made
        if folder is None or folder.is_dir():
            self._shelf = open_shelf(url)

    def of_days(self, account_sid: str, days: Iterable[date]) -> Iterator[Described | str]:
        """The copies of recordings that were made on these days (in UTC); for one whose description cannot be
        read, its key."""
        for day in sorted(days):
            for key in self._names(f"{account_sid}/{day:%Y/%m/%d}"):
                if key.endswith(_DESCRIPTION):
                    yield self._described(key)

    def there(self, stem: str) -> bool:
        """Whether anything of a copy is there."""
        folder = stem.rpartition("/")[0]
        keys = {f"{stem}{suffix}" for suffix in (*_AUDIO, _DESCRIPTION)}
        return not keys.isdisjoint(self._names(folder))

    def delete(self, stem: str) -> bool:
        """Delete a copy, its description last, by which it is found; whether anything was there."""
        found = False
        for suffix in (*_AUDIO, _DESCRIPTION):
            if self._shelf is not None:
                try:
                    found = self._shelf.remove(f"{stem}{suffix}") or found
                except self._shelf.errors as error:
                    raise self._error("cannot be deleted", f"{stem}{suffix}", error) from error
        return found

    def read(self, stem: str) -> Described | None:
        """One copy as it is described now; None when it is gone."""
        if not self.there(stem):
            return None
        found = self._described(f"{stem}{_DESCRIPTION}")
        if isinstance(found, str):
            raise ArchiveError(
                "an archived copy has no description that can be read", where=f"{self.url}/{stem}"
            )
        return found

    def _names(self, folder: str) -> list[str]:
        if self._shelf is None:
            return []
        try:
            return self._shelf.names(folder)
        except self._shelf.errors as error:
            raise self._error("cannot be listed", folder, error) from error

    def _described(self, key: str) -> Described | str:
        assert self._shelf is not None  # noqa: S101 - a key was listed
        try:
            text = b"".join(self._shelf.get(key))
        except self._shelf.errors as error:
            raise self._error("cannot be read", key, error) from error
        try:
            return _of(key.removesuffix(_DESCRIPTION), json.loads(text[:_LARGEST]))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return key

    def _error(self, what: str, key: str, error: Exception) -> ArchiveError:
        return ArchiveError(
            f"an archived copy {what}: {reason_of(error)}",
            where=f"{self.url}/{key}",
            hint="check the archive and its credentials (to delete needs a permission), and run again",
        )


def _of(stem: str, document: Any) -> Described:  # noqa: ANN401 - any JSON value
    """KeyError, TypeError, ValueError for what no archive of ours wrote."""
    for name in ("call_sid", "conference_sid", "date_created"):
        if document[name] is not None:
            text_in(document, name)
    for name in ("channels", "duration"):
        if document[name] is not None and type(document[name]) is not int:
            raise TypeError(f"{name} is not a number")
    created = document["date_created"]
    return Described(
        stem,
        text_in(document, "sid"),
        document["call_sid"],
        document["conference_sid"],
        text_in(document, "status"),
        text_in(document, "source"),
        document["channels"],
        document["duration"],
        None if created is None else instant_from_text(created),
    )
