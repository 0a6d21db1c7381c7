"""Copies of recordings in a folder or a bucket, made and proven before the originals are destroyed.

    PREFIX/AC.../2026/01/31/RE....wav     the audio, streamed
    PREFIX/AC.../2026/01/31/RE....json    its description, with length and SHA-256 of the audio

Keys are made of SIDs and dates alone, so no text of anybody's can lead out of the prefix.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from voiceform.kinds.retention.storage.audio import (
    AUDIO_TYPES,
    ENCRYPTED_TYPES,
    NotTheAudioError,
    checked,
    checked_encrypted,
    details_complaint,
)
from voiceform.kinds.retention.storage.buckets import folder_of, open_bucket, opening, reason_of
from voiceform.kinds.retention.storage.folders import make_folder, names_in, reading, remove, write_whole
from voiceform.model.errors import VoiceformError
from voiceform.model.instants import instant_to_text
from voiceform.twilio.errors import NotFoundError, printable
from voiceform.twilio.recordings import LONGEST_AUDIO
from voiceform.twilio.sids import is_sid

if TYPE_CHECKING:
    from pathlib import Path

    from voiceform.twilio.client import Client
    from voiceform.twilio.media import Media
    from voiceform.twilio.resources import Recording

_BLOCK = 64 * 1024
_MOST_BYTES_A_SECOND = 200_000
"""Two channels of 16 bits at 48 kHz, and some more: Twilio's own sound has a sixth of it at most."""
_SLACK_SECONDS = 60
_ABSENT = frozenset({"absent", "failed"})
"""Recordings of which there never was any audio."""


class ArchiveError(VoiceformError):
    """A copy could not be made or proven; the recording stays."""


class Archive(Protocol):
    """A place for copies."""

    def store(self, recording: Recording, client: Client) -> Copy:
        """Copy and prove; ArchiveError or TwilioError when that fails."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A proven copy. `sha256` and `size` are of the audio; without audio both are None."""

    location: str
    sha256: str | None
    size: int | None

    def document(self) -> dict[str, Any]:
        """As evidence has it."""
        return {"location": self.location, "sha256": self.sha256, "bytes": self.size}


class ObjectArchive:
    """An archive at a `file://`, `s3://`, `gs://` or `az://` URL. Safe for many threads."""

    def __init__(self, url: str, audio_format: str) -> None:
        self._url = url.rstrip("/")
        self._format = audio_format
        self._shelf = open_shelf(url)

    def store(self, recording: Recording, client: Client) -> Copy:
        """Copy audio and description, then read both back and compare."""
        stem = key_stem(client.account_sid, recording)
        if recording.status in _ABSENT:
            copy = Copy(f"{self._url}/{stem}.json", None, None)
        else:
            copy = self._store_audio(stem, recording, client)
        text = json.dumps(description(recording, client.account_sid, copy), indent=2, sort_keys=True) + "\n"
        self._put(f"{stem}.json", [text.encode()])
        self._prove(f"{stem}.json", hashlib.sha256(text.encode()).hexdigest(), len(text.encode()))
        return copy

    def _store_audio(self, stem: str, recording: Recording, client: Client) -> Copy:
        details = recording.encryption_details
        if details is not None and (complaint := details_complaint(details)):
            raise _kept(complaint, recording)
        # An encrypted recording exists as wav only (16109).
        suffix: Literal["wav", "mp3"] = "wav" if details is not None or self._format == "wav" else "mp3"
        key = f"{stem}.{suffix}"
        try:
            limit = _largest(recording)
            with client.download_recording_media(recording.sid, kind=suffix, limit=limit) as media:
                measured = _Measured(_whole(media, recording, suffix))
                self._put(key, measured)
        except NotFoundError as error:
            # Not the same as a recording that is gone: its description is there.
            raise _kept("there is no audio to copy", recording) from error
        except NotTheAudioError as error:
            raise _kept(f"what came is not its audio: {error.what}", recording) from error
        digest = measured.digest.hexdigest()
        self._prove(key, digest, measured.size)
        return Copy(f"{self._url}/{key}", digest, measured.size)

    def _put(self, key: str, pieces: Iterable[bytes]) -> None:
        try:
            self._shelf.put(key, pieces)
        except self._shelf.errors as error:
            raise self._error("cannot be written", key, error) from error

    def _prove(self, key: str, sha256: str, size: int) -> None:
        """Read back what was stored; ArchiveError unless it is the same to the byte."""
        try:
            read = _Measured(self._shelf.get(key))
            for _ in read:
                pass
        except self._shelf.errors as error:
            raise self._error("cannot be read back", key, error) from error
        if (read.size, read.digest.hexdigest()) != (size, sha256):
            raise ArchiveError(
                f"what the archive gives back is not what was stored ({read.size:,} bytes of {size:,})",
                where=f"{self._url}/{key}",
                hint="the recording was kept; look at the archive, and run again",
            )

    def _error(self, what: str, key: str, error: Exception) -> ArchiveError:
        return ArchiveError(
            f"the copy {what}: {reason_of(error)}",
            where=f"{self._url}/{key}",
            hint="the recording was kept; check the archive and its credentials, and run again",
        )


def _largest(recording: Recording) -> int:
    """The bytes that the audio of a recording may have at most; its length may not be known."""
    duration = recording.duration
    if duration is None or duration < 0:
        return LONGEST_AUDIO
    return min(LONGEST_AUDIO, (duration + _SLACK_SECONDS) * _MOST_BYTES_A_SECOND)


def _whole(media: Media, recording: Recording, kind: str) -> Iterator[bytes]:
    """The pieces of the audio; NotTheAudioError, at the latest at the end, unless they are all of it."""
    if media.status != 200:
        raise NotTheAudioError(f"the answer is a part, or none (HTTP {media.status})")
    types = AUDIO_TYPES[kind] if recording.encryption_details is None else ENCRYPTED_TYPES
    told = media.content_type.partition(";")[0].strip().lower()
    if told not in types:
        raise NotTheAudioError(f"its type is {printable(told) or 'not told'}, not audio as {kind}")
    if recording.encryption_details is not None:
        return checked_encrypted(media, recording.duration)
    return checked(media, kind, recording.duration)


def _kept(what: str, recording: Recording) -> ArchiveError:
    return ArchiveError(
        what,
        where=recording.sid,
        hint="the recording was kept; run again later, and look at what stands between here and Twilio",
    )


class Shelf(Protocol):
    """What takes and gives back bytes; `errors` is what it raises."""

    errors: tuple[type[Exception], ...]

    def put(self, key: str, pieces: Iterable[bytes]) -> None:
        """Store whole or not at all, durably."""

    def get(self, key: str) -> Iterator[bytes]:
        """What is stored, in pieces."""

    def names(self, folder: str) -> list[str]:
        """The keys of everything right below a folder, which ends in no slash."""

    def remove(self, key: str) -> bool:
        """Delete, durably; whether it was there, as far as the place tells."""


class _FolderShelf:
    errors: tuple[type[Exception], ...] = (OSError,)

    def __init__(self, root: Path) -> None:
        make_folder(root)
        self._root = root

    def put(self, key: str, pieces: Iterable[bytes]) -> None:
        write_whole(self._root, key.split("/"), pieces)

    def get(self, key: str) -> Iterator[bytes]:
        with reading(self._root, key.split("/")) as file:
            while piece := file.read(_BLOCK):
                yield piece

    def names(self, folder: str) -> list[str]:
        return [f"{folder}/{name}" for name in names_in(self._root, folder.split("/"))]

    def remove(self, key: str) -> bool:
        return remove(self._root, key.split("/"))


class _BucketShelf:
    def __init__(self, url: str) -> None:
        self._store, self.errors = open_bucket(url, "archiving recordings")

    def put(self, key: str, pieces: Iterable[bytes]) -> None:
        import obstore

        obstore.put(self._store, key, iter(pieces))

    def get(self, key: str) -> Iterator[bytes]:
        import obstore

        for piece in obstore.get(self._store, key).stream():
            yield bytes(piece)

    def names(self, folder: str) -> list[str]:
        import obstore

        return sorted(meta["path"] for page in obstore.list(self._store, f"{folder}/") for meta in page)

    def remove(self, key: str) -> bool:
        import obstore

        try:
            obstore.head(self._store, key)
        except FileNotFoundError:
            return False
        obstore.delete(self._store, key)
        return True


def open_shelf(url: str) -> Shelf:
    """The place of an archive. ArchiveError where it cannot be opened."""
    folder = folder_of(url)
    with opening("the archive", url, ArchiveError):
        return _BucketShelf(url) if folder is None else _FolderShelf(folder)


class _Measured:
    """Pieces on their way, counted and hashed."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces
        self.size = 0
        self.digest = hashlib.sha256()

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.size += len(piece)
            self.digest.update(piece)
            yield piece


def key_stem(account_sid: str, recording: Recording) -> str:
    """The key of a recording without its suffix; ArchiveError for what is not a SID or has no date."""
    created = recording.date_created
    if created is None or not is_sid(recording.sid, "RE") or not is_sid(account_sid, "AC"):
        raise ArchiveError("a recording without a SID and a date has no place in an archive")
    return f"{account_sid}/{created:%Y/%m/%d}/{recording.sid}"


def description(recording: Recording, account_sid: str, copy: Copy) -> dict[str, Any]:
    """What is kept beside the audio: all that the API says, and what an encrypted one needs to be heard."""
    dates = {
        name: None if moment is None else instant_to_text(moment)
        for name, moment in (
            ("date_created", recording.date_created),
            ("date_updated", recording.date_updated),
            ("start_time", recording.start_time),
        )
    }
    return {
        **dates,
        "account_sid": account_sid,
        "sid": recording.sid,
        "call_sid": recording.call_sid,
        "conference_sid": recording.conference_sid,
        "status": recording.status,
        "source": recording.source,
        "channels": recording.channels,
        "duration": recording.duration,
        "track": recording.track,
        "price": recording.price,
        "price_unit": recording.price_unit,
        "error_code": recording.error_code,
        "encryption_details": None
        if recording.encryption_details is None
        else dict(recording.encryption_details),
        "audio": None if copy.sha256 is None else copy.document(),
    }
