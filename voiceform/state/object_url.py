"""From `s3://`, `gs://` and `az://` URLs to a bucket of the driver."""

from __future__ import annotations

import os
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from voiceform.model.errors import StateError, UsageError

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AZURE_STORAGE_ENDPOINT")
_RETRY: RetryConfig = {"max_retries": 4, "retry_timeout": timedelta(seconds=20)}


def open_bucket(url: str) -> tuple[str, S3Store | GCSStore | AzureStore]:
    """The label and the driver's store for `url`; nothing is sent. UsageError, StateError."""
    parts = urlsplit(url)
    if parts.query or parts.fragment or "@" in parts.netloc or not parts.netloc:
        raise UsageError(
            f"the {parts.scheme}:// state URL is a bucket and a prefix, nothing else",
            hint=f"for example {parts.scheme}://bucket/team/voice; region, endpoint and credentials come from"
            " the environment",
        )
    prefix = parts.path.strip("/") or None
    options = _client_options()
    try:
        if parts.scheme == "s3":
            store: S3Store | GCSStore | AzureStore = S3Store(
                parts.netloc, prefix=prefix, client_options=options, retry_config=_RETRY
            )
        elif parts.scheme == "gs":
            store = GCSStore(parts.netloc, prefix=prefix, client_options=options, retry_config=_RETRY)
        else:
            store = AzureStore(parts.netloc, prefix=prefix, client_options=options, retry_config=_RETRY)
    except BaseError as error:
        raise StateError(
            f"cannot use the state in {url}: {str(error).splitlines()[0]}",
            hint="check the variables of the object store in the environment",
        ) from error
    return url, store


def _client_options() -> ClientConfig:
    """Time limits; plain HTTP where the endpoint is this machine (elsewhere AWS_ALLOW_HTTP must allow it)."""
    options: ClientConfig = {"connect_timeout": timedelta(seconds=5), "timeout": timedelta(seconds=30)}
    endpoint = next((os.environ[name] for name in _ENDPOINTS if os.environ.get(name)), "")
    if endpoint.startswith("http://") and _is_loopback(urlsplit(endpoint).hostname or ""):
        options["allow_http"] = True
    return options


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
