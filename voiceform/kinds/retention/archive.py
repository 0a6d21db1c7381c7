"""Copies of recordings in a folder or a bucket, made and proven before the originals are destroyed.

    PREFIX/AC.../2026/01/31/RE....wav     the audio, streamed
    PREFIX/AC.../2026/01/31/RE....json    its description, with length and SHA-256 of the audio

Keys are made of SIDs and dates alone, so no text of anybody's can lead out of the prefix.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol
from urllib.parse import unquote, urlsplit

from voiceform.model.errors import MissingExtraError, VoiceformError
from voiceform.model.plan_codec import instant_to_text
from voiceform.twilio.credentials import is_loopback
from voiceform.twilio.errors import NotFoundError
from voiceform.twilio.sids import is_sid

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

    from voiceform.twilio.client import Client
    from voiceform.twilio.resources import Recording

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")
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
    """An archive at a `file://`, `s3://`, `gs://` or `az://` URL. Safe for many threads.

    Region, endpoint and credentials come from the process environment, as each ecosystem has them.
    """

    def __init__(self, url: str, audio_format: str) -> None:
        self._url = url.rstrip("/")
        self._format = audio_format
        self._folder = _folder(url)
        self._store = _open(url)

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
        # An encrypted recording exists as wav only (16109).
        suffix: Literal["wav", "mp3"] = (
            "wav" if recording.encryption_details is not None or self._format == "wav" else "mp3"
        )
        key = f"{stem}.{suffix}"
        try:
            with client.download_recording_media(recording.sid, kind=suffix) as media:
                measured = _Measured(media)
                self._put(key, measured)
        except NotFoundError as error:
            # Not the same as a recording that is gone: its description is there.
            raise ArchiveError(
                "there is no audio to copy",
                where=recording.sid,
                hint="the recording was kept; run again later",
            ) from error
        if not measured.size:
            raise ArchiveError("the audio is empty", where=recording.sid)
        digest = measured.digest.hexdigest()
        self._prove(key, digest, measured.size)
        return Copy(f"{self._url}/{key}", digest, measured.size)

    def _put(self, key: str, pieces: Iterable[bytes]) -> None:
        import obstore

        try:
            obstore.put(self._store, key, iter(pieces))
        except (obstore.exceptions.BaseError, OSError) as error:
            raise self._error("cannot be written", key, error) from error
        if self._folder is not None:
            _settle_on_disk(self._folder, key)

    def _prove(self, key: str, sha256: str, size: int) -> None:
        """Read back what was stored; ArchiveError unless it is the same to the byte."""
        import obstore

        try:
            result = obstore.get(self._store, key)
            read = _Measured(bytes(piece) for piece in result.stream())
            for _ in read:
                pass
        except (obstore.exceptions.BaseError, OSError) as error:
            raise self._error("cannot be read back", key, error) from error
        if (read.size, read.digest.hexdigest(), result.meta["size"]) != (size, sha256, size):
            raise ArchiveError(
                f"what the archive gives back is not what was stored ({read.size:,} bytes of {size:,})",
                where=f"{self._url}/{key}",
                hint="the recording was kept; look at the archive, and run again",
            )

    def _error(self, what: str, key: str, error: Exception) -> ArchiveError:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        return ArchiveError(
            f"the copy {what}: {reason}",
            where=f"{self._url}/{key}",
            hint="the recording was kept; check the archive and its credentials, and run again",
        )


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


def _open(url: str) -> ObjectStore:
    try:
        from obstore.exceptions import BaseError
        from obstore.store import LocalStore, from_url
    except ImportError as error:
        raise MissingExtraError("archiving recordings", "objectstore") from error
    folder = _folder(url)
    options: ClientConfig = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=300)}
    retry: RetryConfig = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
    if endpoint.startswith("http://") and is_loopback(urlsplit(endpoint).hostname or ""):
        options["allow_http"] = True
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            return LocalStore(folder)
        return from_url(url, client_options=options, retry_config=retry)
    except (BaseError, OSError, ValueError) as error:
        raise ArchiveError(
            f"the archive cannot be used: {str(error).splitlines()[0][:200]}",
            where=url,
            hint="nothing was deleted; check the URL and the object store's variables in the environment",
        ) from error


def _folder(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def _settle_on_disk(folder: Path, key: str) -> None:
    """Make a new file and its folders survive a power failure, and nobody else's business."""
    path = folder / key
    path.chmod(0o600)
    for place in (path, *path.parents):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if place == folder:
            return
