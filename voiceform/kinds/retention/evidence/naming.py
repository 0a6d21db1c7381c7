"""How a configuration or a command names the place of evidence: a folder, the URL of a bucket, or `off`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from voiceform.kinds.retention.storage.buckets import BUCKET_SCHEMES, folder_of

if TYPE_CHECKING:
    from voiceform.kinds.retention.evidence.places import Place

OFF = "off"
DEFAULT = "evidence"
"""A folder beside the stack's files."""


def place_complaint(text: str) -> str | None:
    """Why a text names no place for evidence; None when it does, or when it is `off`."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return "the place for evidence is not a folder, and not a URL"
    if not text.strip() or not text.isprintable():
        return "the place for evidence has no name that can be shown"
    if text == "-":
        return "- is standard output, and evidence is kept in a folder or a bucket"
    if parts.scheme in BUCKET_SCHEMES:
        if (
            "@" in parts.netloc
            or parts.query
            or parts.fragment
            or not parts.netloc
            or ".." in parts.path.split("/")
        ):
            return "the URL of evidence is a bucket and a prefix, and nothing else"
    elif parts.scheme == "file":
        if parts.netloc or parts.path in ("", "/"):
            return "the URL of evidence does not name a folder, as file:///var/evidence does"
    elif "://" in text:
        return "evidence is not at s3://, gs:// or az://, and not in a folder"
    return None


def place_of(text: str, base: Path) -> Place:
    """The place that a configuration or a command names: a URL, or a folder beside `base`."""
    if urlsplit(text).scheme in BUCKET_SCHEMES:
        from voiceform.kinds.retention.evidence.bucket import Bucket

        return Bucket(text)
    from voiceform.kinds.retention.evidence.folder import Folder

    return Folder(folder_of(text) or base / text)
