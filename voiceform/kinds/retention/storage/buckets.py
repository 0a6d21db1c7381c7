"""Where archives and evidence lie: `s3://`, `gs://`, `az://` URLs, and `file://` ones, which are folders."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from voiceform.model.errors import MissingExtraError, VoiceformError
from voiceform.twilio.credentials import is_loopback

if TYPE_CHECKING:
    from obstore.store import ClientConfig, ObjectStore, RetryConfig

BUCKET_SCHEMES = ("s3", "gs", "az")
SCHEMES = ("file", *BUCKET_SCHEMES)

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")


def folder_of(url: str) -> Path | None:
    """The folder that a `file://` URL names; None for any other."""
    parts = urlsplit(url)
    return Path(unquote(parts.path)) if parts.scheme == "file" else None


def open_bucket(url: str, what: str) -> tuple[ObjectStore, tuple[type[Exception], ...]]:
    """The driver's store below a URL, and what using it may raise; nothing is sent. Raises MissingExtraError,
    saying what for (`what`); ValueError or the driver's errors for a URL or variables that it does not
    understand.

    Region, endpoint and credentials come from the process environment, as each ecosystem has them.
    """
    try:
        from obstore.exceptions import BaseError
        from obstore.store import from_url
    except ImportError as error:
        raise MissingExtraError(what, "objectstore") from error
    options: ClientConfig = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=300)}
    retry: RetryConfig = {"max_retries": 4, "retry_timeout": timedelta(seconds=60)}
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
    if endpoint.startswith("http://") and is_loopback(urlsplit(endpoint).hostname or ""):
        options["allow_http"] = True
    return from_url(url, client_options=options, retry_config=retry), (BaseError, OSError)


@contextmanager
def opening(what: str, url: str, told_as: type[VoiceformError]) -> Iterator[None]:
    """Say in an error of ours (`told_as`) why a place cannot be used, before anything is deleted."""
    try:
        yield
    except MissingExtraError:
        raise
    except Exception as error:  # the driver's own errors are known only where it is installed
        raise told_as(
            f"{what} cannot be used: {reason_of(error)}",
            where=url,
            hint="nothing was deleted; check the URL and the object store's variables in the environment",
        ) from error


def reason_of(error: Exception) -> str:
    """A driver's or the system's error in one line, without query strings, which may hold a signature."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    lines = str(error).splitlines()
    return re.sub(r"\?\S*", "", lines[0])[:200] if lines else type(error).__name__
